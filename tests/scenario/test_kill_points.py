"""Each kill point (daemon/lib/kill_point.h) many times: one process ends there, or the whole house as when the power goes.

After each kill the house is started where that is needed, drained, and judged: no step lost, none twice, no letter
twice, none lost in silence. Where no code of ours runs (inside a statement, in a COMMIT) the process is killed while
Postgres waits at a gate; where libcurl speaks, while the other side holds its answer.

    test_kill_points.py             3 seeds of each, one process and the whole tree in turn; TICKLER_TIER=full: 20 of both
    test_kill_points.py --point worker.claimed --seed 2 [--whole-tree]                                one of them again
"""
import argparse
import collections
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import house as support
import kill_ways as ways
from held_answers import HeldRelay, HeldSink
from house import SOURCE
from judge import Judge
from kill_office import KillOffice

PROGRAMS = os.environ.get("TICKLER_DEBUG_BIN")
IS_FULL = os.environ.get("TICKLER_TIER") == "full"
KILLS = [(seed, tree) for seed in range(20) for tree in (False, True)] if IS_FULL else [(0, False), (1, True), (2, False)]
LANES = 3

# What leads to each point, and in which office: letters into a Maildir, or to a relay, with a web hook.
MAILDIR, RELAY = "maildir", "relay"
POINTS = {
    "supervisor.locked": (MAILDIR, ways.at_start),
    "supervisor.forked": (MAILDIR, ways.while_forking),
    "supervisor.child_forked": (MAILDIR, ways.child_before_exec),
    "supervisor.reload_copied": (MAILDIR, ways.on_signal(signal.SIGHUP)),
    "supervisor.reload_renewing": (MAILDIR, ways.on_signal(signal.SIGHUP, most=3)),
    "supervisor.draining": (MAILDIR, ways.on_signal(signal.SIGTERM)),
    "supervisor.reaping": (MAILDIR, ways.while_reaping),
    "plan.begun": (MAILDIR, ways.planning),
    "between planning and insert": (MAILDIR, ways.between_planning_and_insert),
    "plan.inserted": (MAILDIR, ways.planning),
    "plan.committed": (MAILDIR, ways.planning),
    "scheduler.jobs_sent": (MAILDIR, ways.after_planning()),
    "scheduler.starts_counted": (MAILDIR, ways.starts_counted),
    "scheduler.term_taken": (MAILDIR, ways.change_of_leader(signal.SIGKILL)),
    "scheduler.term_left": (MAILDIR, ways.change_of_leader(signal.SIGTERM)),
    "worker.received": (MAILDIR, ways.after_planning()),
    "worker.decide": (RELAY, ways.of_a_subject),
    "worker.claimed": (RELAY, ways.after_planning(most=4)),
    "worker.claim_committed": (RELAY, ways.after_planning(most=4)),
    "worker.letter_sent": (RELAY, ways.after_planning(most=8)),
    "worker.recorded": (RELAY, ways.after_planning(most=4)),
    "in the record's commit": (RELAY, ways.in_the_records_commit),
    "worker.record_committed": (RELAY, ways.after_planning(most=4)),
    "worker.done_said": (RELAY, ways.after_planning()),
    "maildir.written": (MAILDIR, ways.after_planning(most=8)),
    "mail.data": (RELAY, ways.after_planning(most=8)),
    "after RCPT": (RELAY, ways.relay_holds("RCPT")),
    "after DATA": (RELAY, ways.relay_holds("DATA")),
    "after the final dot": (RELAY, ways.relay_holds("DOT")),
    "web hook sent, no answer": (RELAY, ways.hook_holds),
    "webhook.answered": (RELAY, ways.hook_answered),
    "between event and chain head": (MAILDIR, ways.between_row_and_head),
    "import.staging": (MAILDIR, ways.importing),
    "import.staged": (MAILDIR, ways.importing),
    "import.applied": (MAILDIR, ways.importing),
    "import.committed": (MAILDIR, ways.importing),
    "migrate.stepped": (MAILDIR, ways.migrating),
    "migrate.applied": (MAILDIR, ways.migrating),
    "within a schema file": (MAILDIR, ways.within_a_migration),
}


def points_of_the_program():
    header = (SOURCE / "daemon/lib/kill_point.h").read_text()
    return {f"{part}.{place}" for part, place in re.findall(r"POINT\((\w+), (\w+)\)\s+/\*", header)}


@contextlib.contextmanager
def office_of(kind):
    with contextlib.ExitStack() as stack:
        relay = sink = None
        if kind == RELAY:
            relay, sink = HeldRelay().start(), HeldSink()
            stack.callback(relay.stop)
            stack.callback(sink.stop)
        office = stack.enter_context(KillOffice(PROGRAMS))
        office.open(relay, sink)
        yield office


def kill_once(office, point, seed, whole_tree):
    """Answers (steps, letters in doubt)."""
    kill = ways.Kill(office, point, seed, whole_tree)
    POINTS[point][1](kill)
    office.history.fault(f"{point}, seed {seed}, {'the whole tree' if whole_tree else 'one process'}")
    office.disarm()
    office.revive()
    kill.again()
    if office.one("SELECT count(*) FROM job") == 0:
        office.plan()  # it had not come to it
    office.drain()
    return kill.run.count, office.check(kill.run)


def kill_often(office, point, kills):
    """`kills` are (seed, whole tree)."""
    done = collections.Counter()
    begun = time.monotonic()
    for seed, whole_tree in kills:
        try:
            steps, doubt = kill_once(office, point, seed, whole_tree)
        except BaseException:
            print(f"FAILED. Again: {sys.argv[0]} --point '{point}' --seed {seed}"
                  + (" --whole-tree" if whole_tree else ""), flush=True)
            raise
        done.update(kills=1, steps=steps, doubt=doubt)
    print(f"{point:30} {done['kills']:4} kills {done['steps']:6} steps: 0 lost, 0 twice, {done['doubt']} letters in doubt "
          f"({time.monotonic() - begun:.0f} s)", flush=True)
    return done


def lane(points, kills):
    """Some points, one after the other, in as few offices as there are kinds."""
    total = collections.Counter()
    for kind in (MAILDIR, RELAY):
        mine = [p for p in points if POINTS[p][0] == kind]
        if mine:
            with office_of(kind) as office:
                for point in mine:
                    total.update(kill_often(office, point, kills))
                office.check_at_the_end()
                office.stop()
                Judge.nothing_left(office)
    print("total", total["kills"], total["steps"], flush=True)


class Lane(threading.Thread):
    """A process of its own for some points; says what it says, and keeps what it counted."""

    def __init__(self, points):
        super().__init__()
        self.kills = self.steps = 0
        self.child = subprocess.Popen([sys.executable, "-B", sys.argv[0], "--points", "|".join(points)], text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.start()

    def run(self):
        for line in self.child.stdout:
            if line.startswith("total "):
                self.kills, self.steps = map(int, line.split()[1:])
            else:
                print(line, end="", flush=True)
        self.child.wait()


def lanes():
    """Three at a time: they wait more than they compute."""
    running = [Lane(list(POINTS)[i::LANES]) for i in range(LANES)]
    for one in running:
        one.join()
    failed = sum(one.child.returncode != 0 for one in running)
    kills, steps = sum(one.kills for one in running), sum(one.steps for one in running)
    assert not failed, f"{failed} of {LANES} lanes failed"
    assert kills == len(POINTS) * len(KILLS), f"{kills} kills"
    print(f"{len(POINTS)} points, {kills} kills, {steps} steps: 0 of {kills} lost or repeated anything, that is under "
          f"{300 / kills:.2f} % at 95 %")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--point", choices=POINTS)
    parser.add_argument("--points", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--whole-tree", action="store_true")
    options = parser.parse_args()
    if not PROGRAMS or not pathlib.Path(PROGRAMS, "ticklerd").exists():
        print("skipped: no build with kill points (TICKLER_DEBUG_BIN)")
        sys.exit(77)
    missing = points_of_the_program() - set(POINTS)
    assert not missing, f"points that nobody tests: {missing}"
    kills = KILLS if options.seed is None else [(options.seed, options.whole_tree)]
    if options.point or options.points:
        lane([options.point] if options.point else options.points.split("|"), kills)
    else:
        lanes()


if __name__ == "__main__":
    support.leave_root()
    main()
