"""A leader that is stopped in the middle of what it writes, another that takes the next term, and the first one back: what
it had begun under the old term is not committed, and nothing is planned or sent twice. Then two whole houses on one
database.

Such a term lasts a minute while a plan runs; the ordinary run ends it in the record, TICKLER_TIER=full waits for it.
"""
import contextlib
import datetime as dt
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import zoneinfo

import house as support
from house import House
from judge import Judge
from kill_office import KillOffice

PROGRAMS = os.environ.get("TICKLER_DEBUG_BIN")
IS_FULL = os.environ.get("TICKLER_TIER") == "full"
WORKER, SCHEDULER = "ticklerd-invoice-escalation", "ticklerd-scheduler"


class Leaders(KillOffice):
    @contextlib.contextmanager
    def second(self):
        """A scheduler of another directory on the same database. It has no workers."""
        folder = self.root / "other"
        (folder / "run").mkdir(parents=True, mode=0o700, exist_ok=True)
        line = pathlib.Path(f"/proc/{self.pids(SCHEDULER)[0]}/cmdline").read_bytes().split(b"\0")[:-1]
        line[line.index(b"--dir") + 1] = str(folder).encode()
        with open(self.root / "second.log", "ab") as log:
            scheduler = subprocess.Popen(line, stdout=log, stderr=log,
                                         env=dict(self.environment(), TICKLER_KILL_FILE=str(self.root / "never")))
        try:
            yield scheduler
        finally:
            scheduler.kill()
            scheduler.wait()

    def term(self):
        return self.one("SELECT term FROM leader")

    def open_transactions(self):
        return [xid for xid, in self.sql("SELECT backend_xid::text FROM pg_stat_activity WHERE state = 'idle in transaction' "
                                         "AND application_name = 'ticklerd-scheduler' AND backend_xid IS NOT NULL")]

    def stopped_at(self, point, lead):
        """The leader stops at the point, another leads, the first comes back."""
        self.wait(self.term, "somebody to lead")
        run, term = self.new_run(40), self.term()
        self.arm(point, action="stop")
        lead(self)
        self.passed()
        pid = int(self.mark.read_text().split()[0])
        self.disarm()
        begun = self.open_transactions()
        with self.second():
            if not IS_FULL:
                self.sql("UPDATE leader SET expires_at = 'epoch'")
            self.wait(lambda: self.term() > term, "the next term", 90)
            if not begun:  # what the first has yet to write, the second writes
                self.wait(lambda: self.one("SELECT count(*) FROM job") == run.count, "the second's plan", 40)
            rows = self.rows()
            os.kill(pid, signal.SIGCONT)
            self.wait(lambda: f"no longer leading, term {term} is over" in self.log.read_text(errors="replace"),
                      "the first to see that it is late", 30)
            self.wait(lambda: not set(begun) & set(self.open_transactions()), "what it had begun to end", 30)
            assert begun or rows == self.rows(), f"{point}: rows were written under an old term"
            ends = [self.one("SELECT pg_xact_status(%s::xid8)", xid) for xid in begun]
            assert set(ends) <= {"aborted"}, f"{point}: {ends}"
        self.wait(self.is_up, "the office")
        if self.one("SELECT count(*) FROM fired f JOIN invoice i ON i.invoice_id = f.subject_id WHERE i.ext_id LIKE %s",
                    run.name + "-%") < run.count:
            self.plan()
        self.drain()
        self.check(run)
        print(f"  {point}: {len(begun)} transactions of the old term, none committed; term {term}, then {self.term()}",
              flush=True)

    def rows(self):
        return {(table, *row) for table in ("job", "occurrence", "event", "task", "fired")
                for row in self.sql(f"SELECT ctid::text, xmin::text FROM {table}")}


def worker_dies(office):
    with office.gate("claim"):
        office.plan()
        office.waits_at("claim")
        office.kill(WORKER)
        office.passed()


def test_a_leader_that_comes_back():
    if not PROGRAMS or not pathlib.Path(PROGRAMS, "ticklerd").exists():
        print("skipped: no build with kill points (TICKLER_DEBUG_BIN)")
        sys.exit(77)
    with Leaders(PROGRAMS) as office:
        office.open()
        office.stopped_at("plan.begun", Leaders.plan_by_scheduler)
        office.stopped_at("plan.inserted", Leaders.plan_by_scheduler)
        office.stopped_at("scheduler.starts_counted", worker_dies)
        office.check_at_the_end()
        assert office.one("SELECT count(*) FROM fired WHERE outcome = 'done'") == 120
        office.stop()
        shutil.rmtree(office.root / "other")
        Judge.nothing_left(office)


def schedulers_of(house):
    """Not the other house's, whose command line names this one's database."""
    return [pid for pid, line in house.processes().items() if f"/{SCHEDULER} --dir {house.dir} " in line]


def test_two_houses_on_one_database():
    """One leads, the other waits; when the first house ends its scheduler, the other goes on. Each step fires once."""
    with House() as house, House() as other:
        for each in (house, other):
            each.init()
            each.only("invoice_escalation", "task_desk")
            support.open_window(each)
            each.schedule("invoice_escalation", run="* * * * *", limits={"per_party_per_day": 1, "per_run": 0},
                          storm_brake=0, stop_if_data_older_than=None)
        shared = f"host='{house.dir}/run/postgres' dbname=ticklerd user="
        other.edit(other.dir / "config/ticklerd.yaml", lambda d: (
            d.update(postgres={"url": shared + "ticklerd_app", "owner_url": shared + "ticklerd_owner"}),
            d.setdefault("mail", {}).update(maildir=str(house.dir / "mail"))))
        house.start()
        other.start()
        house.tickler("import", "--dir", support.overdue_folder(house, 200, dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()))
        house.wait(lambda: len(house.maildir()) > 20, "the first letters", 120)
        words = [each.log.read_text(errors="replace").count("leading, term") for each in (house, other)]
        assert sum(words) == 1, f"{words} terms were begun"
        leader, follower = (house, other) if words[0] else (other, house)
        for pid in schedulers_of(leader):
            os.kill(pid, signal.SIGSTOP)
        leader.wait(lambda: "leading, term 2" in follower.log.read_text(errors="replace"), "the other one to lead", 90)
        for pid in schedulers_of(leader):
            os.kill(pid, signal.SIGCONT)
        house.wait(lambda: house.one("SELECT count(*) FROM fired") == 200 and
                   house.one("SELECT count(*) FROM job") == 0, "the drain", 120)
        assert len(house.maildir()) == 200
        assert house.one("SELECT count(*) FROM event WHERE kind = 'message.sent'") == 200
        print(f"  200 letters, once each, over {house.one('SELECT term FROM leader')} terms of two houses")
        other.stop()


if __name__ == "__main__":
    support.run_tests(globals())
