"""The scheduler's promises against the real house: missed times, edits, two schedulers, brakes, pause, leases, fair turns."""
import contextlib
import datetime as dt
import os
import signal
import subprocess
import zoneinfo

import psycopg2

import house as support
from house import House

ZONE = zoneinfo.ZoneInfo("America/Chicago")
OPEN = dict(limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0, stop_if_data_older_than=None)


def today():
    return dt.datetime.now(ZONE).date()


def prepared(house, letters=3, **changes):
    house.init()
    house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    house.schedule("invoice_escalation", **{**OPEN, **changes})
    house.start()
    house.tickler("import", "--dir", support.overdue_folder(house, letters, today()))


def drained(house):
    house.wait(lambda: house.one("SELECT count(*) FROM job WHERE worker = 'invoice_escalation'") == 0, "the drain")


def occurrences(house, worker="invoice_escalation"):
    return house.sql("SELECT nominal, state, reason FROM occurrence WHERE worker = %s ORDER BY nominal", worker)


def test_SC_01_missed_times_fire_once():
    """Down over its hour: the newest missed time fires, the others have a row that says why not."""
    with House() as house:
        prepared(house, run="0 */2 * * *")
        house.stop()
        house.start()
        then = dt.datetime.now(dt.timezone.utc).replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=9)
        house.sql("INSERT INTO occurrence VALUES (1, 'invoice_escalation', %s, 'fired', NULL, %s, 0)", then, then)
        house.stop()
        house.start()
        house.wait(lambda: len(occurrences(house)) >= 4 and occurrences(house)[-1][1] == "fired", "the missed times")
        drained(house)
        states = [state for _, state, _ in occurrences(house)][1:]
        assert states[-1] == "fired" and set(states[:-1]) == {"skipped"} and len(states) >= 4, occurrences(house)
        assert "was not running" in occurrences(house)[1][2]
        assert len(house.maildir()) == 3, "each facility has one letter, not one for each missed time"


def test_SC_02_an_edit_moves_the_next_time():
    with House() as house:
        prepared(house, run="0 3 1 1 *")
        rooms = len(list((house.dir / "config/schedules").glob("*.yaml")))
        house.wait(lambda: house.one("SELECT count(*) FROM schedule") == rooms, "the first configuration")
        minute = dt.datetime.now(ZONE) + dt.timedelta(seconds=90)
        house.schedule("invoice_escalation", run=f"{minute.minute} {minute.hour} * * *")
        house.tickler("reload")
        house.wait(lambda: house.one("SELECT count(*) FROM occurrence WHERE worker = 'invoice_escalation'") == 1,
                   "the edited time to come", 120)
        drained(house)
        assert len(house.maildir()) == 3


def test_SC_06_two_schedulers_on_one_store():
    """A second scheduler stands by; also when it is let in, a step fires once."""
    with House() as house:
        prepared(house, 200)
        line = open(f"/proc/{house.pids('ticklerd-scheduler')[0]}/cmdline", "rb").read().split(b"\0")[:-1]
        other_dir = house.root / "other"
        (other_dir / "run").mkdir(parents=True, mode=0o700)
        os.chmod(other_dir / "run", 0o700)
        line[line.index(b"--dir") + 1] = str(other_dir).encode()
        second = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            house.tickler("run", "invoice_escalation")
            assert house.tickler("run", "invoice_escalation").strip().endswith(" 0 jobs planned"), "OC-17: a second run"
            house.wait(lambda: len(house.maildir()) > 50, "some letters")
            os.kill(house.pids("ticklerd-scheduler")[0], signal.SIGSTOP)  # its term runs out
            house.wait(lambda: house.one("SELECT term FROM leader") >= 2, "a second term", 20)
            for pid in house.pids("ticklerd-scheduler"):
                os.kill(pid, signal.SIGCONT)
        finally:
            second.kill()
            second.wait()
        drained(house)
        assert len(house.maildir()) == 200 and house.one("SELECT count(*) FROM fired") == 200


def test_storm_brake():
    with House() as house:
        prepared(house, 5, storm_brake=3)
        done = house.tickler("run", "invoice_escalation", check=False)
        assert done.returncode == 1 and "5 jobs in one plan; the storm brake holds over 3" in done.stderr, done.stderr
        assert house.one("SELECT count(*) FROM job WHERE state = 'held'") == 5
        assert house.one("SELECT count(*) FROM task WHERE step = 'brake'") == 1 and not house.maildir()
        house.tickler("release-storm", "invoice_escalation")
        drained(house)
        assert len(house.maildir()) == 5
        assert house.tickler("release-storm", "invoice_escalation", check=False).returncode == 1


def test_stale_data_brake_and_pause():
    with House() as house:
        prepared(house, 3, stop_if_data_older_than="48h")
        done = house.tickler("run", "invoice_escalation", check=False)
        assert done.returncode == 1 and "never imported" in done.stderr
        house.sql("""INSERT INTO import (agency_id, entity, at, digest, imported, updated, unchanged, refused)
                     VALUES (1, 'payments', now() - interval '49 hours', '', 0, 0, 0, 0)""")
        done = house.tickler("run", "invoice_escalation", check=False)
        assert "over 48 hours ago" in done.stderr and house.one("SELECT count(*) FROM task WHERE step = 'brake'") == 1
        house.sql("UPDATE import SET at = now()")
        house.tickler("pause", "invoice_escalation")
        done = house.tickler("run", "invoice_escalation", check=False)
        assert "paused by admin:" in done.stderr and not house.maildir()
        house.tickler("resume", "invoice_escalation")
        house.tickler("run", "invoice_escalation")
        drained(house)
        assert len(house.maildir()) == 3
        assert [s for _, s, _ in occurrences(house)] == ["skipped", "skipped", "skipped", "fired"]


def test_a_room_that_cannot_plan_holds_up_nobody():
    """Its plan is tried again, then given up with a task; the others go on. A rehearsal says so instead of waiting."""
    with House() as house:
        house.init()
        house.only("invoice_escalation", "check_in")
        support.open_window(house)
        house.schedule("invoice_escalation", **{**OPEN, "run": "* * * * *"})
        house.schedule("check_in", run="* * * * *")
        house.start()
        house.wait(lambda: house.one("SELECT count(*) FROM schedule WHERE worker = 'check_in'") == 1, "the schedules")
        house.sql("ALTER TABLE response RENAME COLUMN score TO points")
        house.tickler("import", "--dir", support.overdue_folder(house, 3, today()))
        house.wait(lambda: len(house.maildir()) == 3, "the letters of the other room", 90)
        house.wait(lambda: house.one("SELECT count(*) FROM occurrence WHERE worker = 'check_in' AND state = 'skipped'") > 0,
                   "the room to give up", 90)
        reason = house.one("SELECT reason FROM occurrence WHERE worker = 'check_in' AND state = 'skipped' LIMIT 1")
        assert reason.startswith("the plan failed: ") and "score" in reason, reason
        task, = [t for t in house.json("tasks") if t["worker"] == "check_in"]
        assert task["title"] == "A room could not plan its day" and "tickler run check_in" in task["reason"], task
        house.sql("ALTER TABLE response RENAME COLUMN points TO score")
        house.wait(lambda: house.one("SELECT count(*) FROM occurrence WHERE worker = 'check_in' AND state = 'fired'") > 0,
                   "the mended room to plan", 90)


def test_a_poison_job_is_parked():
    """Workers that die with a job in hand are counted; at the third the job waits for a person and the others went on."""
    with House() as house:
        prepared(house, 40)
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: d["rooms"].update(invoice_escalation=1))
        house.tickler("reload")
        house.wait(lambda: len(house.pids("ticklerd-invoice-escalation")) == 1, "one worker")
        house.tickler("hold", "invoice", "INV-00039", "--kind", "pause", "--reason", "test")
        house.tickler("run", "invoice_escalation")
        drained(house)
        hold = house.sql("SELECT ext_id FROM hold")[0][0]
        house.tickler("release", hold)
        house.sql("""CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
                     $$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $$""")
        house.sql("CREATE TRIGGER stall BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION stall()")
        house.sql("DELETE FROM hold")
        house.tickler("run", "invoice_escalation")
        for n in (1, 2, 3):
            busy = lambda: house.sql("""SELECT pid FROM pg_stat_activity WHERE application_name = 'invoice_escalation'
                                        AND state = 'active' AND query LIKE '%%INSERT INTO message %%'""")
            house.wait(busy, f"a worker to have the job in hand, time {n}", 30)
            backends = busy()
            os.kill(house.pids("ticklerd-invoice-escalation")[0], signal.SIGKILL)
            house.wait(lambda: house.one("SELECT max(starts) FROM job") == n, f"start {n} to be counted", 10)
            for pid, in backends:
                house.sql("SELECT pg_terminate_backend(%s)", pid)
            house.wait(lambda: not set(backends) & set(busy()), "the dead worker's statement to end", 10)
        assert house.one("SELECT state FROM job") == "parked"
        assert house.one("SELECT count(*) FROM task WHERE title = 'Look at a job that ends its worker'") == 1
        house.sql("DROP TRIGGER stall ON message")
        house.tickler("retry", house.one("SELECT job_id FROM job"))
        drained(house)
        assert len(house.maildir()) == 40


def test_a_party_at_fault_holds_up_nobody():
    """A statement that fails for one facility parks that one with a task; the others' letters go."""
    with House() as house:
        prepared(house, 40)
        house.sql("""CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF NEW.party = 'facility:F-00007' THEN RAISE 'no such thing'; END IF; RETURN NEW; END $$""")
        house.sql("CREATE TRIGGER trouble BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION trouble()")
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: len(house.maildir()) == 39, "the other letters")
        house.wait(lambda: house.sql("SELECT state FROM job") == [("parked",)], "the one at fault to be parked")
        assert "no such thing" in house.one("SELECT reason FROM task WHERE title = 'A job cannot be done as it is'")
        house.sql("DROP TRIGGER trouble ON message")
        house.tickler("retry", house.one("SELECT job_id FROM job"))
        drained(house)
        assert len(house.maildir()) == 40


def test_agencies_take_turns():
    with House() as house:
        prepared(house, 60)
        house.schedule("invoice_escalation", run="0 3 1 1 *")
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: (d["queue"].update(batch=10),
                                                                  d["rooms"].update(invoice_escalation=1)))
        folder = house.root / "second"
        folder.mkdir()
        support.write_csv(folder / "agencies.csv", [dict(agency="B", name="Second", timezone="America/Denver")])
        support.write_csv(folder / "staff.csv", [dict(agency="B", staff="L", name="L", email="l@b.example", role="leadership")])
        for name in ("facilities", "contacts", "invoices"):
            lines = (house.root / f"data/{name}.csv").read_text().splitlines()
            (folder / f"{name}.csv").write_text("\n".join(["agency," + lines[0]] + ["B," + line for line in lines[1:]]))
        house.tickler("import", "--dir", folder)
        workers = lambda: house.pids("ticklerd-invoice-escalation")
        old = workers()
        house.tickler("reload")
        house.wait(lambda: workers() and not set(workers()) & set(old) and house.is_up(), "the reload")
        for pid in workers():
            os.kill(pid, signal.SIGSTOP)
        house.tickler("--agency", "A-1", "run", "invoice_escalation")
        house.tickler("--agency", "B", "run", "invoice_escalation")
        for pid in workers():
            os.kill(pid, signal.SIGCONT)
        drained(house)
        order = [agency for agency, in house.sql("SELECT agency_id FROM message ORDER BY claimed_at, message_id")]
        assert len(order) == 120 and order[:60].count(2) >= 15, f"the second agency waited: {order}"


def test_a_notice_that_comes_with_an_answer_is_heard():
    """The scheduler waits for an answer while an agency is made: the notice arrives before it, and wakes nobody."""
    with House() as house:
        prepared(house)
        with contextlib.closing(psycopg2.connect(host=str(house.dir / "run/postgres"), dbname="ticklerd",
                                                 user="ticklerd_owner")) as other:
            other.cursor().execute("LOCK TABLE leader")
            house.wait(lambda: house.one("SELECT count(*) FROM pg_locks WHERE relation = 'leader'::regclass "
                                         "AND NOT granted") > 0, "the scheduler to ask for its term")
            house.sql("INSERT INTO agency (ext_id, name, timezone) VALUES ('A-2', 'Oak', 'America/Denver')")
            house.sql("NOTIFY tickler")
        house.wait(lambda: house.one("SELECT count(*) FROM schedule WHERE agency_id = 2") > 0, "the new agency's schedules",
                   patience=20)


if __name__ == "__main__":
    support.run_tests(globals())
