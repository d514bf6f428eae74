"""The real ledger: 1,654 invoices of 2012 and 2013, planned day by day, against an independent calculation.

Twice: `tickler plan --as-of` for every day with nothing fired (a pure function of the date), and `tickler rehearse` over
both years, where the real processes fire each step once. Both agree exactly with tests/support/ledger_oracle.py.
"""
import collections
import datetime as dt
import json
import pathlib
import subprocess
import sys

import house as support
import ledger_oracle
from house import House

FIRST, LAST = dt.date(2012, 1, 1), dt.date(2013, 12, 31)


def imported(house, data):
    folder = house.root / "ledger"
    subprocess.run([sys.executable, "-B", pathlib.Path(support.__file__).parent / "map_ar_invoices.py",
                    data / "invoices.csv", folder], check=True)
    house.init()
    house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    # One letter a day for each step as it comes due: the gap between letters has tests of its own.
    house.schedule("invoice_escalation", min_gap="0d", limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0,
                   stop_if_data_older_than=None)
    house.start()
    house.tickler("import", "--dir", folder)
    return folder


def differences(ours, theirs, what):
    lines = []
    for day in sorted(set(ours) | set(theirs)):
        here, there = ours.get(day, set()), theirs.get(day, set())
        lines += [f"{what} {day}: only ticklerd has {key}" for key in sorted(here - there)]
        lines += [f"{what} {day}: only the calculation has {key}" for key in sorted(there - here)]
    return lines[:20] + ([f"... {len(lines)} in all"] if len(lines) > 20 else [])


def planned_day_by_day(house, schedule, ledger):
    ours, theirs = {}, {}
    days = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    for day in days:
        rows = house.json("plan", "--worker", "invoice_escalation", "--as-of", day)
        ours[day] = {(subject.split(":", 1)[1], row["step"]) for row in rows for subject in row["subjects"]}
        theirs[day] = ledger_oracle.planned(schedule, ledger, day)
    return ours, theirs


def rehearsed(house, schedule, ledger):
    out = house.tickler("rehearse", "--from", FIRST, "--to", LAST, "--json")
    ours = collections.defaultdict(set)
    for line in out.splitlines():
        row = json.loads(line)
        if row["worker"] == "invoice_escalation" and row["effect"] in ("fired", "done"):
            ours[dt.date.fromisoformat(row["at"][:10])] |= {(s.split(":", 1)[1], row["step"]) for s in row["subjects"]}
    return ours, ledger_oracle.chased(schedule, ledger, FIRST, LAST), out


def main():
    data = support.shared_data("ar-invoices")
    with House() as house:
        folder = imported(house, data)
        schedule = ledger_oracle.Schedule(house.dir / "config/schedules/invoice_escalation.yaml")
        ledger = ledger_oracle.Ledger(folder)
        assert len(ledger.invoices) == 1654, len(ledger.invoices)

        ours, theirs = planned_day_by_day(house, schedule, ledger)
        wrong = differences(ours, theirs, "plan")
        assert not wrong, "\n".join(wrong)
        print(f"plan: {len(ours)} days, {sum(map(len, theirs.values()))} invoice-days at a step, all equal")

        ours, theirs, first_output = rehearsed(house, schedule, ledger)
        wrong = differences(ours, theirs, "rehearse")
        assert not wrong, "\n".join(wrong)
        print(f"rehearse: {len(theirs)} days with work, {sum(map(len, theirs.values()))} steps, all equal")
        assert rehearsed(house, schedule, ledger)[2] == first_output, "a second rehearsal printed something else"


if __name__ == "__main__":
    support.leave_root()
    main()
