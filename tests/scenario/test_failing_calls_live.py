"""Library calls that fail in the running daemons: one letter a failure, the nth call of a class in scheduler or worker.

The plan is laid while the programs run (sanitized ones where they are built). Whatever fails: the letter arrives once
within a minute, the queue drains, nobody crashes, and the chain of events holds. The ordinary run draws a part of the
table by a seed that it prints; TICKLER_TIER=full takes all of it and walks n until a letter passes untouched.
"""
import datetime as dt
import os
import pathlib
import random
import re

import house as support
from failing_calls import FailingCalls
from house import House
from smtp_script import ScriptedServer

FULL = os.environ.get("TICKLER_TIER") == "full"
SEED = int(os.environ.get("TICKLER_SEED", "1"))
WORKER, SCHEDULER = "ticklerd-invoice-escalation", "ticklerd-scheduler"
BROKEN = ("lost", "unanswered", "null")

# program, class, manner, how many n the ordinary run draws from
MAILDIR = ([(WORKER, "pq", manner, 18) for manner in BROKEN] + [(SCHEDULER, "pq", manner, 9) for manner in BROKEN] +
           [(WORKER, kind, "", 2) for kind in ("open", "write", "fsync", "rename")] + [(WORKER, "write", "short", 1)] +
           [(WORKER, "zmq", "", 5), (SCHEDULER, "zmq", "", 7)])
RELAY = [(WORKER, "curl", "", 17), (WORKER, "curl", "late", 17), (WORKER, "redis", "", 3), (WORKER, "redis", "null", 3)]


class LiveOffice(House):
    """A running office with one room, which writes one letter when asked."""

    def __init__(self):
        super().__init__(os.environ.get("TICKLER_DEBUG_BIN"))
        self.bin = pathlib.Path(self.bin)
        self.calls = FailingCalls(self.root, self.bin, "calls")
        # What a daemon holds until its end is no leak; what grows is for the soak to see.
        options = self.calls.environment["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0")
        os.environ.update(self.calls.environment, ASAN_OPTIONS=options)
        self.written = 0

    def open(self, change=lambda document: None):
        self.init()
        self.only("invoice_escalation")
        support.open_window(self)
        self.schedule("invoice_escalation", stop_if_data_older_than=None, storm_brake=0)

        def settings(document):
            document["queue"].update(retry_first=1)
            change(document)
        self.edit(self.dir / "config/ticklerd.yaml", settings)
        self.start()

    def write_letter(self):
        self.written += 1
        n, due = self.written, dt.date.today() - dt.timedelta(days=12)
        folder = self.root / "one"
        folder.mkdir(exist_ok=True)
        support.write_csv(folder / "facilities.csv", [dict(facility=f"F-{n}", name=f"Clinic {n}", type="iop")])
        support.write_csv(folder / "contacts.csv", [dict(contact=f"C-{n}", facility=f"F-{n}", name="Bill",
                                                         email=f"ap@clinic{n}.example", role="billing")])
        support.write_csv(folder / "invoices.csv", [dict(invoice=f"I-{n}", facility=f"F-{n}", due_on=due, amount="9.00",
                                                         issued_on=due - dt.timedelta(days=30))])
        self.tickler("import", "--dir", folder)
        self.tickler("run", "invoice_escalation")

    def is_settled(self):
        return (self.one("SELECT count(*) FROM fired WHERE outcome = 'done'") == self.written and
                self.one("SELECT count(*) FROM job") == 0)

    def fail(self, program, kind, manner, nth):
        """One letter while the nth call fails; answers whether it was reached."""
        self.calls.arm(program, kind, nth, manner)
        self.write_letter()
        what = f"{program}: {kind} {nth} {manner or 'plain'}"
        self.wait(self.is_settled, f"the letter in spite of {what} (at {self.calls.where})", 60)
        reached = self.calls.failed
        self.calls.disarm()
        return reached

    def walk(self, table, arrived, rng):
        failed, runs = {}, 0
        plans = [(row, n) for row in table for n in range(1, row[3] + 1)]
        for (program, kind, manner, _), n in plans if FULL else rng.sample(plans, 24):
            reached = self.fail(program, kind, manner, n)
            runs += 1
            failed[kind] = failed.get(kind, 0) + reached
            letters = arrived()
            assert len(letters) == len(set(letters)) == self.written, \
                f"{program}: {kind} {n} {manner}: {len(letters)} letters, {len(set(letters))} of them different, " \
                f"of {self.written}"
        self.tickler("audit", "verify")
        words = re.findall(".*(?:Sanitizer|runtime error|Assertion|ended by signal).*", self.log.read_text(errors="replace"))
        assert not words, words
        print(f"{len(table)} scenarios, {runs} letters with a failing call (seed {SEED}), 0 lost, 0 twice; calls failed: "
              + ", ".join(f"{kind} {n}" for kind, n in sorted(failed.items())))
        assert sum(failed.values()) > runs / 2, "most of the calls were not reached"


def test_letters_into_a_maildir():
    with LiveOffice() as office:
        office.open()
        office.walk(MAILDIR, lambda: [path.name.split(":")[0] for path in office.maildir()], random.Random(SEED))


def test_letters_over_smtp():
    server = ScriptedServer().start()
    try:
        with LiveOffice() as office:
            relay = {"url": f"smtp://127.0.0.1:{server.port}", "starttls": False, "timeout": 5}
            office.open(lambda document: document.setdefault("mail", {}).update(
                relay=relay, limits={"per_minute": 60000}))  # a limit: Redis is asked
            office.walk(RELAY, lambda: [row["message_id"] for row in server.letters], random.Random(SEED))
    finally:
        server.stop()


def test_supervisor():
    """A start that cannot take its lock is refused; a reload succeeds or is refused, and the office works on."""
    with LiveOffice() as office:
        office.open()
        office.stop()
        office.calls.arm("ticklerd", "write", 1)
        assert office.start(wait=False).wait(30) == 1 and "cannot lock" in office.log.read_text()
        office.calls.disarm()
        office.stop()
        office.start()
        plans = [("fork", n) for n in (1, 2)] + [("rename", n) for n in (1, 2)] + [("open", n) for n in (1, 30, 200)]
        for kind, nth in plans:
            office.calls.arm("ticklerd", kind, nth)
            done = office.tickler("reload", check=False)
            office.wait(lambda: kind != "fork" or office.calls.failed, "a fork that fails")
            office.calls.disarm()
            assert done.returncode == 0 or "not reloaded" in done.stderr, (kind, nth, done.stderr)
            office.wait(office.is_up, f"the office after {kind} {nth} failed")
            assert office.tickler("reload") == "reloaded\n"
            office.wait(office.is_up, "the office after a reload")
        office.write_letter()
        office.wait(office.is_settled, "a letter afterwards")
        print(f"1 start and {len(plans)} reloads with a failing call: refused or done, the office up each time")


if __name__ == "__main__":
    support.run_tests(globals())
