"""Library and system calls that fail, the nth of each class in turn, until a scenario passes untouched.

A scenario is a program, an operation and a class of calls: one row of a table. Judged at each failure: no crash, no leak
(the programs are the sanitized ones where they are built), no hang over 5 s, a command succeeds whole or ends with exit 1
and a sentence, nothing is half made, and the same again untouched gives what an undisturbed run gives. When memory is
out GLib ends the process, by its design: then it must have said so, and the record must be as it was or whole. The ordinary run
draws a few n of each scenario by a seed that it prints; TICKLER_TIER=full walks all of them in every manner.
"""
import collections
import os
import random
import re
import signal
import subprocess
import time

import house as support
from failing_office import Office

FULL = os.environ.get("TICKLER_TIER") == "full"
SEED = int(os.environ.get("TICKLER_SEED", "1"))
DRAWN = int(os.environ.get("TICKLER_DRAWN", "1"))  # failures a scenario in the ordinary run

# What a sentence on stderr names when a call of the class failed: the thing that did not work.
NAMES_IT = {"pq": "Postgres|database|connection|statement|COMMIT|transaction|memory|question",
            "open": "cannot|open|Too many|No space|problems|time zone", "write": "space|cannot|write",
            "fsync": "I/O|Input/output|sync|cannot", "rename": "rename|I/O|Input/output|place", "fork": "start",
            "zmq": "answers|listen|connect", "malloc": "."}
WRITTEN_WAIT = 32  # for a server that starts, and for the outcome of a COMMIT that was not answered
# A demo's files, and a document's, named by its digest and there before the row that speaks of it.
WHOLE_BY_THEMSELVES = ("out/", "documents/")
MANNERS = {"pq": ["lost", "null", "unanswered"], "write": ["", "short"], "curl": ["", "late"], "redis": ["", "null"]}


Scenario = collections.namedtuple("Scenario", "name words kinds", defaults=(("pq",),))
READS = ("pq", "malloc")

COMMANDS = [
    Scenario("tasks", ["tasks"], READS),
    Scenario("tasks --json", ["tasks", "--json"]),
    Scenario("task, shown", ["task", "1"]),
    Scenario("task taken", ["task", "1", "take"], ("pq", "malloc")),
    Scenario("task done", ["task", "1", "done", "--outcome", "payment_sent", "--date", "2027-12-01"], ("pq", "malloc")),
    Scenario("task snoozed", ["task", "2", "snooze", "--until", "2027-12-01"]),
    Scenario("task assigned", ["task", "2", "assign", "VA-1"]),
    Scenario("plan", ["plan"], READS),
    Scenario("status", ["status"], ("pq", "open")),
    Scenario("why", ["why", "invoice", "INV-00001"], READS),
    Scenario("audit verify", ["audit", "verify"], READS),
    Scenario("messages", ["messages"]),
    Scenario("runs", ["runs"]),
    Scenario("report aging", ["report", "aging"]),
    Scenario("hold", ["hold", "invoice", "INV-00002", "--kind", "dispute", "--reason", "hours"], ("pq", "malloc")),
    Scenario("suppress", ["suppress", "ap@clinic.example", "--reason", "left"]),
    Scenario("pause", ["pause", "check_in"]),
    Scenario("run", ["run", "check_in"]),
    Scenario("migrate", ["migrate", "--wait"], ("pq", "open")),
    Scenario("migrate --status", ["migrate", "--wait", "--status"], ("pq", "open")),
    Scenario("import, again", ["import", "--dir", "{demo}"], ("pq", "open", "malloc")),
    Scenario("import of new rows", ["import", "invoices", "{new}"], ("pq", "open", "malloc")),
    Scenario("import of bad rows", ["import", "invoices", "{bad}"], ("pq", "open")),
    Scenario("import of the good rows", ["import", "invoices", "{bad}", "--accept-good"]),
    Scenario("import, dry run", ["import", "invoices", "{new}", "--dry-run"]),
    Scenario("demo", ["demo", "--out", "{out}", "--therapists", "3", "--as-of", "2027-03-10"],
             ("open", "write", "rename", "malloc")),
    Scenario("document added", ["document", "add", "{paper}", "--id", "paper"], ("pq", "open", "write", "fsync", "rename")),
    Scenario("check", ["check"], ("open", "malloc")),
]


class Trouble(AssertionError):
    pass


def calm(text):
    """Output without the numbers that differ from run to run."""
    return re.sub(r"\d+", "0", text)


class Run:
    """One execution of a command, with what it left behind."""

    def __init__(self, office, words):
        begun = time.monotonic()
        done = subprocess.run([office.bin / "tickler", "--dir", office.dir, *words], text=True, capture_output=True,
                              timeout=60, env={**os.environ, **office.calls.environment})
        self.took = time.monotonic() - begun
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.state = office.state()

    def differs(self, other):
        return sorted(k for k in {*self.state, *other.state} if self.state.get(k) != other.state.get(k))


def half_made(run, other):
    return [what for what in run.differs(other) if not what.startswith(WHOLE_BY_THEMSELVES)]


def judge(run, before, undisturbed, kind, patience):
    """What a command may do when one of its calls failed."""
    if re.search("Sanitizer|runtime error|Assertion", run.err) and kind != "malloc":
        raise Trouble("a sanitizer or an assertion spoke")
    if kind == "malloc" and run.code in (-signal.SIGABRT, -signal.SIGTRAP) and run.err.strip():
        if half_made(run, before) and half_made(run, undisturbed):
            raise Trouble(f"ended, and left half: {half_made(run, before)}")
        return "ended itself"
    if run.took > patience + (WRITTEN_WAIT if "could not be asked" in run.err or "cannot reach" in run.err else 0):
        raise Trouble(f"it took {run.took:.1f} s")
    if run.code == undisturbed.code and calm(run.out) == calm(undisturbed.out):
        if run.differs(undisturbed):
            raise Trouble(f"exit {run.code} as if done, and the record differs: {run.differs(undisturbed)}")
        return "done all the same"
    if run.code != 1:
        raise Trouble(f"exit {run.code}" + (", with another answer" if run.code == undisturbed.code else ""))
    if not re.search(r"\w+ \w+", run.err):
        raise Trouble("exit 1 without a sentence")
    if not re.search(NAMES_IT[kind], run.err):
        raise Trouble("exit 1 with a sentence that does not name what failed")
    if half_made(run, before):
        raise Trouble(f"refused, and yet changed: {half_made(run, before)}")
    return "refused"


class Walk:
    """A scenario under each failure of one class of calls."""

    def __init__(self, office, scenario, kind, tally):
        self.office, self.scenario, self.kind, self.tally = office, scenario, kind, tally
        places = dict(demo=office.root / "demo", new=office.root / "new.csv", bad=office.root / "bad.csv",
                      paper=office.root / "demo/documents/orientation.pdf",
                      out=office.dir / "out")
        self.words = [word.format(**places) for word in scenario.words]

    def count(self):
        """The undisturbed run: how many calls there are, and what it does."""
        self.office.restore()
        self.before = self.office.state()
        self.office.calls.arm("tickler", self.kind, nth=1 << 40)
        self.undisturbed = Run(self.office, self.words)
        if "Sanitizer" in self.undisturbed.err:
            raise AssertionError(f"{self.scenario.name}, undisturbed: {self.undisturbed.err}")
        assert self.office.calls.seen, f"{self.scenario.name} makes no call of {self.kind}"
        return self.office.calls.seen

    def fail(self, nth, manner, forever):
        office = self.office
        office.restore()
        office.calls.arm("tickler", self.kind, nth, manner, forever)
        run = Run(office, self.words)
        office.calls.disarm()
        where = office.calls.where
        try:
            if not office.calls.failed:
                raise Trouble("the call was not reached")
            before = collections.namedtuple("Before", "state")(self.before)
            how = judge(run, before, self.undisturbed, self.kind, self.undisturbed.took + 5)
            self.tally.failed(self.kind, office.calls.failed)
            self.tally.how[how] += 1
            is_done = half_made(run, before) and not run.differs(self.undisturbed)  # ended after its COMMIT
            if how != "done all the same" and not is_done:
                self.again()
        except Trouble as trouble:
            self.tally.trouble(f"{self.scenario.name}: {self.kind} {nth} {manner or 'plain'}{' for ever' * forever} "
                               f"at {where}: {trouble}\n    exit {run.code}; {run.err.strip()[-600:]}")

    def again(self):
        """The same, untouched: it works, and gives what an undisturbed run gives."""
        second = Run(self.office, self.words)
        if second.differs(self.undisturbed):
            raise Trouble(f"untouched after it, exit {second.code}, another record: {second.differs(self.undisturbed)}"
                          f" {second.err[-300:]}")
        if second.code != self.undisturbed.code:
            raise Trouble(f"untouched after it: exit {second.code}: {second.err[-300:]}")

    def walk(self, rng):
        calls = self.count()
        manners = MANNERS.get(self.kind, [""])
        every = range(1, calls + 1)
        if self.kind == "malloc":  # 150,000: most of them read the configuration, the work is at the end
            every = rng.sample(every, 100) + rng.sample(every[-3000:], 100)
        plans = [(n, manner, forever) for n in every for manner in manners for forever in (False, True)]
        if not FULL:  # without the half minutes of a Postgres that never comes back
            plans = [plan for plan in plans if self.kind != "pq" or not plan[2]]
            plans = rng.sample(plans, min(DRAWN, len(plans)))
        for plan in plans:
            self.fail(*plan)
        return calls


class Tally:
    def __init__(self):
        self.scenarios = self.runs = 0
        self.calls = collections.Counter()
        self.how = collections.Counter()
        self.troubles = []

    def failed(self, kind, count):
        self.runs += 1
        self.calls[kind] += count

    def trouble(self, text):
        self.troubles.append(text)
        print(f"  TROUBLE {text}", flush=True)

    def end(self):
        print(f"{self.scenarios} scenarios, {self.runs} runs with a failing call (seed {SEED}); calls failed: "
              + ", ".join(f"{kind} {n}" for kind, n in sorted(self.calls.items())) + "; "
              + ", ".join(f"{n} {how}" for how, n in self.how.items()))
        assert not self.troubles, f"{len(self.troubles)} troubles"


def test_commands():
    tally, rng = Tally(), random.Random(SEED)
    only = os.environ.get("TICKLER_SCENARIO", "")
    with Office() as office:
        office.prepare()
        write_files(office)
        for scenario in COMMANDS:
            for kind in scenario.kinds:
                if only not in f"{scenario.name}/{kind}":
                    continue
                begun = time.monotonic()
                office.use("malloc" if kind == "malloc" else "calls")
                calls = Walk(office, scenario, kind, tally).walk(rng)
                tally.scenarios += 1
                print(f"  {scenario.name}: {kind}, {calls} calls, {time.monotonic() - begun:.1f} s", flush=True)
    tally.end()


def write_files(office):
    rows = [dict(invoice=f"INV-N{i}", facility="F-001", issued_on="2026-11-01", due_on="2026-12-01", amount="12.50")
            for i in range(5)]
    support.write_csv(office.root / "new.csv", rows)
    rows[2]["amount"] = "twelve"
    rows[3]["facility"] = "F-none"
    support.write_csv(office.root / "bad.csv", rows)


if __name__ == "__main__":
    support.run_tests(globals())
