"""Frames that nobody asked for on every ZeroMQ socket of the house: malformed, oversized, foreign, of many parts, and raw
bytes that speak no ZMTP. Nobody ends, memory stays flat, and the house works on.

50,000 frames in the ordinary run, 1,000,000 under TICKLER_TIER=full; TICKLER_SEED draws others.
"""
import datetime as dt
import os
import pathlib
import random
import socket
import subprocess
import zoneinfo

import house as support
from house import House
from judge import History, Judge, in_maildir

FRAMES = 1_000_000 if os.environ.get("TICKLER_TIER") == "full" else 50_000
SEED = int(os.environ.get("TICKLER_SEED", "1"))
MORE_MB = 12  # what a process may have grown by, however many frames came


def sockets_of(house):
    """The supervisor's and those of the rooms; Postgres and Redis have theirs."""
    found = [path for path in (house.dir / "run").rglob("*") if path.is_socket() and "postgres" not in path.parts
             and path.name != "redis.sock"]
    assert len(found) == 7, found
    return found


def memory(house):
    """{pid: MB} of those that listen."""
    pids = [house.daemon.pid, *house.pids("ticklerd-scheduler")]
    return {pid: int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6 for pid in pids}


def frames(house, count, seed):
    """So many frames over all sockets, one probe a socket at a time."""
    paths = sockets_of(house)
    for number, path in enumerate(paths):
        done = subprocess.run([house.bin / "stranger_probe", path, str(count // len(paths)), str(seed + number), path.name],
                              capture_output=True, text=True, timeout=3600)
        assert done.returncode == 0, f"{path.name}: {done.returncode} {done.stderr}"


def raw_bytes(house, rng, lines):
    """Lines that speak no ZMTP, or begin to and stop."""
    for path in sockets_of(house):
        held = []
        for _ in range(lines):
            line = socket.socket(socket.AF_UNIX)
            line.connect(str(path))
            greeting = bytes([0xFF] + [0] * 8 + [0x7F, 3]) if rng.random() < 0.5 else b""
            try:
                line.sendall(greeting + rng.randbytes(rng.randint(0, 200)))
            except OSError:
                pass  # it was hung up on, as it may be
            held.append(line)
            if rng.random() < 0.7:
                held.pop().close()
        for line in held:
            line.close()


def test_strangers():
    rng, history = random.Random(SEED), History()
    with House() as house:
        house.init()
        support.open_window(house)
        house.schedule("invoice_escalation", limits={"per_party_per_day": 1, "per_run": 0}, storm_brake=0,
                       stop_if_data_older_than=None)
        house.start()
        frames(house, FRAMES // 5, SEED + 1000)  # what is taken once is taken now
        raw_bytes(house, rng, 40)
        before = memory(house)
        frames(house, FRAMES, SEED)
        raw_bytes(house, rng, 40)
        house.wait(house.is_up, "the daemon to answer")
        after = memory(house)
        assert before.keys() == after.keys(), "somebody ended"
        more = {pid: after[pid] - before[pid] for pid in before}
        print(f"  {FRAMES:,} frames: " + ", ".join(f"{before[pid]:.1f} -> {after[pid]:.1f} MB" for pid in before))
        assert max(more.values()) < MORE_MB, f"memory grew by {more} MB"
        today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
        house.tickler("import", "--dir", support.overdue_folder(house, 30, today))
        for number in range(30):
            history.expect("invoice_escalation", f"invoice:INV-{number:05}")
        house.tickler("run", "invoice_escalation")
        house.drain()
        Judge(house, history, in_maildir(house)).check()
        assert "ended by signal" not in house.log.read_text(errors="replace")
        house.stop()
        Judge.nothing_left(house)


if __name__ == "__main__":
    support.run_tests(globals())
