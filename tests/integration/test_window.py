"""The letters of several parties share a transaction and its statements: one that cannot be written takes nothing of the
others with it."""
import datetime as dt
import zoneinfo

import house as support
from house import House

TODAY = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()


def begin(house, letters, send_window):
    house.init()
    house.only("invoice_escalation")
    support.open_window(house)
    house.schedule("invoice_escalation", storm_brake=0, stop_if_data_older_than=None, limits={"per_party_per_day": 1, "per_run": 0})
    house.edit(house.dir / "config/ticklerd.yaml", lambda d: (d["queue"].update(send_window=send_window),
                                                              d["rooms"].update(invoice_escalation=1)))
    house.start()
    house.tickler("import", "--dir", support.overdue_folder(house, letters, TODAY))


def each_once(house, parties):
    """One letter, one row, and one place in each of the day's counts for all these, and for nobody else."""
    assert sorted(house.sql("SELECT party, state, count(*) FROM message GROUP BY 1, 2")) == [(p, "sent", 1) for p in parties]
    assert len(house.maildir()) == len(parties)
    taken = house.sql("SELECT scope FROM spent WHERE count > 0 AND scope LIKE 'facility:%%'")
    assert sorted(scope.split()[0] for scope, in taken) == parties, taken
    assert house.sql("SELECT DISTINCT count FROM spent WHERE count <> 0") == [(1,)]
    house.tickler("audit", "verify")


def test_one_letter_in_the_middle_cannot_be_written():
    with House() as house:
        begin(house, letters=12, send_window=16)
        house.sql("UPDATE contact SET email = 'two@at@signs.example' WHERE ext_id = 'C-00005'")
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: house.sql("SELECT party, state FROM job") == [("facility:F-00005", "parked")], "all but one letter")
        each_once(house, [f"facility:F-{n:05}" for n in range(12) if n != 5])


if __name__ == "__main__":
    support.run_tests(globals())
