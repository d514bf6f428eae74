"""SIGTERM at random moments, twice in a row: while the house starts, in the middle of letters, and idle. It ends with exit
code 0 each time, goes on where it stood, and the judge finds nothing lost, twice or left behind.

10 moments in the ordinary run, 200 under TICKLER_TIER=full; TICKLER_SEED draws others.
"""
import os
import pathlib
import random
import signal
import time

import house as support
from judge import Judge
from kill_office import KillOffice
from traces import leftovers

MOMENTS = 200 if os.environ.get("TICKLER_TIER") == "full" else 10
SEED = int(os.environ.get("TICKLER_SEED", "1"))
LETTERS = 60


def is_locked(office):
    lock = office.dir / "run/lock"
    return lock.exists() and lock.read_text().strip() == str(office.daemon.pid)


def begin(office, rng, runs):
    """Brings the house to a moment; answers what it was."""
    kind = rng.choice(["starting", "sending", "sending", "idle"])
    if kind == "starting":
        office.start_blind()
        office.wait(lambda: is_locked(office), "the lock")  # before it, nothing of the house is there to end
        time.sleep(rng.uniform(0, 1.5))
        return kind
    office.revive()
    if kind == "sending":
        runs.append(office.new_run(LETTERS))
        there, more = len(office.maildir()), rng.randint(0, LETTERS - 10)
        office.plan()
        left = office.one("SELECT count(*) FROM job")
        office.wait(lambda: len(office.maildir()) >= there + min(more, left), "some letters")
    return kind


def test_sigterm_twice_at_random_moments():
    rng, slowest = random.Random(SEED), 0.0
    programs = pathlib.Path(os.environ.get("TICKLER_BIN", support.SOURCE / "build/release/bin"))
    with KillOffice(programs) as office:
        office.open()
        runs = []
        office.daemon.terminate()
        office.daemon.wait()
        for number in range(MOMENTS):
            kind = begin(office, rng, runs)
            office.disconnect()
            begun, gap = time.monotonic(), rng.uniform(0, 0.3)
            office.daemon.send_signal(signal.SIGTERM)
            time.sleep(gap)
            office.daemon.send_signal(signal.SIGTERM)
            code = office.daemon.wait(60)
            slowest = max(slowest, time.monotonic() - begun)
            assert code == 0, f"moment {number} ({kind}, seed {SEED}): exit code {code}"
            office.wait(lambda: not office.processes(), "every process to end")
            # Who is ended at once leaves the letter that it was writing; whoever writes it next takes it away.
            found = [left for left in leftovers(office) if not left.endswith("is left in the Maildir")]
            assert not found, found
            office.history.fault(f"SIGTERM twice, {gap:.2f} s between, {kind}")
        office.revive()
        office.plan()
        office.drain()
        for run in runs:
            assert office.check(run) == 0
        office.check_at_the_end()
        office.stop()
        Judge.nothing_left(office)
        print(f"  {MOMENTS} moments, {len(runs) * LETTERS} steps: exit code 0 each time, the slowest in {slowest:.1f} s")


if __name__ == "__main__":
    support.run_tests(globals())
