"""Workers that hang past their lease, one at each place, and come back: others have done their jobs, and the late verdict
changes no row and sends nothing twice.

The late ones are remote (far_host.c): nobody ends them, five seconds of silence give their jobs to others. Where that
would take minutes (a letter that a remote worker has claimed is left to it for two; Postgres ends a transaction that
stands still after one), the ordinary run moves the record's clock on; TICKLER_TIER=full waits.
"""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys

import house as support
from held_answers import HeldRelay
from judge import Judge
from kill_office import KillOffice

PROGRAMS = os.environ.get("TICKLER_DEBUG_BIN")
IS_FULL = os.environ.get("TICKLER_TIER") == "full"
WORKER, SCHEDULER = "ticklerd-invoice-escalation", "ticklerd-scheduler"
TABLES = ("message", "message_step", "fired", "job", "event", "event_head", "task", "spent", "suppression", "hold")


class LateOffice(KillOffice):
    def far_worker(self, point, nth):
        """A worker on another host, which will hang at a point."""
        number = len(list(self.root.glob("far*.passed"))) + len(list(self.root.glob("far?"))) + 1
        wish = self.root / f"far{number}"
        wish.write_text(f"{point}:{nth}:stop")
        line = pathlib.Path(f"/proc/{self.pids(WORKER)[0]}/cmdline").read_bytes().split(b"\0")[:-1]
        environment = dict(self.environment(), TICKLER_KILL_FILE=str(wish), FAR_HOST=f"far-{number}",
                           LD_PRELOAD=str(self.bin / "libfar_host.so"),
                           ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0", TMPDIR=str(self.temporary))
        with open(self.log, "ab") as log:
            far = subprocess.Popen(line, stdout=log, stderr=log, env=environment)
        far.wish = self.root / f"far{number}.passed"
        return far

    def rows(self):
        """Every row of the record, by place and writing transaction: a changed one is another."""
        return {(table, *row) for table in TABLES for row in self.sql(f"SELECT ctid::text, xmin::text FROM {table}")}

    def move_the_clock(self):
        """As if two minutes had passed for those who are away."""
        if IS_FULL:
            return
        self.sql("UPDATE message SET claimed_at = claimed_at - interval '3 min' WHERE (agency_id, message_id) IN ("
                 "SELECT agency_id, message_id FROM message WHERE state = 'sending' AND claimed_by LIKE 'far-%%' "
                 "AND claimed_at > now() - interval '2 min' FOR UPDATE SKIP LOCKED)")
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' "
                 "AND application_name = 'invoice_escalation' AND state_change < now() - interval '3 s'")
        self.sql("UPDATE job SET ready_at = now() WHERE ready_at > now()")
        self.sql("NOTIFY tickler")

    def others_finish(self):
        def is_done():
            self.move_the_clock()
            return self.one("SELECT count(*) FROM job WHERE worker = 'invoice_escalation'") == 0
        self.wait(is_done, "the others to do it all", 300)

    def hangs(self, wish):
        self.wait(lambda: wish.exists() and wish.read_text().endswith("\n"), f"{wish.name}: a worker at its point", 40)
        pid = int(wish.read_text().split()[0])
        self.wait(lambda: self.state_of(pid) == "T", "the worker to stand still")
        return pid

    def signal_local(self, number, but=()):
        for pid in self.pids(WORKER):
            if pid not in but:
                os.kill(pid, number)

    def renew_local(self):
        """Those who have worked quickly get large batches: new ones get small ones, and leave something for others."""
        old = set(self.pids(WORKER))
        self.signal_local(signal.SIGTERM)
        self.wait(lambda: len(new := self.pids(WORKER)) == len(old) and old.isdisjoint(new), "new workers")

    def come_back(self, far):
        """All of them: each tries to say what it had to say, and leaves. Answers how many rows that changed."""
        before = self.rows()
        for worker in far:
            worker.send_signal(signal.SIGTERM)
            worker.send_signal(signal.SIGCONT)
        for worker in far:
            assert worker.wait(60) == 0, f"a late worker left with {worker.returncode}"
        return len(before ^ self.rows())

    def all_hang(self, *points):
        """Remote workers hang at these points, all at once; the local ones finish the work; they come back."""
        run = self.new_run(40 + 24 * len(points))
        self.renew_local()
        far = [self.far_worker(point, nth) for point, nth in points]
        self.wait(lambda: self.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'invoice_escalation'")
                  == 2 + len(far), "every worker to have its line to Postgres")
        self.signal_local(signal.SIGSTOP, but=[worker.pid for worker in far])
        try:
            self.plan()
            for worker in far:
                self.hangs(worker.wish)
        finally:
            self.signal_local(signal.SIGCONT, but=[worker.pid for worker in far])
        self.others_finish()
        changed = self.come_back(far)
        names = ", ".join(point for point, _ in points)
        assert changed == 0, f"late verdicts at {names} changed {changed} rows"
        doubt = self.check(run)
        print(f"  {names}: {run.count} steps, {doubt} in doubt; the late verdicts changed 0 rows", flush=True)


@contextlib.contextmanager
def office(relay=None):
    if not PROGRAMS or not pathlib.Path(PROGRAMS, "ticklerd").exists():
        print("skipped: no build with kill points (TICKLER_DEBUG_BIN)")
        sys.exit(77)
    with LateOffice(PROGRAMS) as late:
        late.open(relay)
        yield late
        late.check_at_the_end()
        late.stop()
        Judge.nothing_left(late)


def test_with_a_maildir():
    with office() as late:
        late.all_hang(("worker.received", 1), ("worker.claim_committed", 1), ("maildir.written", 2),
                      ("worker.letter_sent", 3))
        late.all_hang(("worker.recorded", 1))
        if IS_FULL:
            late.all_hang(("worker.claimed", 1))


def test_with_a_relay():
    relay = HeldRelay().start()
    try:
        with office(relay) as late:
            late.all_hang(("worker.claim_committed", 2), ("mail.data", 2), ("worker.letter_sent", 2),
                          ("worker.record_committed", 1))
            if IS_FULL:
                late.all_hang(("worker.recorded", 2))
    finally:
        relay.stop()


def test_a_local_one():
    """Its scheduler is replaced, so its jobs are offered to others: what it has claimed is left to it, since it lives."""
    with office() as late:
        for point, may_change in (("worker.received", False), ("worker.claim_committed", True)):
            run = late.new_run(60)
            late.arm(point, action="stop")
            late.plan()
            pid = late.hangs(late.mark)
            late.disarm()
            late.kill(SCHEDULER)
            claimed = late.one("SELECT count(*) FROM message WHERE state = 'sending' AND claimed_by LIKE %s", f"%/{pid}/%")
            late.wait(lambda: late.one("SELECT count(*) FROM job WHERE worker = 'invoice_escalation'") == claimed,
                      "the others to do the rest", 25)
            before = late.rows()
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
            late.wait(lambda: late.state_of(pid) == "Z", "the late one to leave")
            changed = len(before ^ late.rows())
            assert bool(changed) == may_change, f"{point}: its verdict changed {changed} rows"
            late.drain()
            assert late.check(run) == 0
            late.wait(late.is_up, "the office")
            print(f"  {point}, a local worker: {run.count} steps, {claimed} left to it", flush=True)


if __name__ == "__main__":
    support.run_tests(globals())
