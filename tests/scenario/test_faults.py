"""The first faults: processes killed in the middle of 1,000 letters, Postgres restarted, Redis flushed and stopped.

Every run is judged from outside: the Maildir's files, the ledger and the outbox. No job lost, no step fired twice, no
letter sent twice. Seeds are fixed; a failure prints its own.
"""
import datetime as dt
import email
import os
import random
import signal
import sys
import zoneinfo

import house as support
from house import House

LETTERS = int(os.environ.get("TICKLER_FAULT_LETTERS", "1000"))
KILLS = 10


def prepare(house, letters=LETTERS, fresh=True):
    if fresh:
        house.init()
        house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    house.schedule("invoice_escalation", limits={"per_party_per_day": 1, "per_run": 0}, storm_brake=0,
                   stop_if_data_older_than=None)
    house.start()
    today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    house.tickler("import", "--dir", support.overdue_folder(house, letters, today))
    return letters


def judge(house, letters, unknown_allowed=0):
    """What must hold after the drain, whatever happened on the way."""
    count = lambda text: house.one(f"SELECT count(*) FROM {text}")
    files = [email.message_from_bytes(p.read_bytes()) for p in house.maildir()]
    chased = [m for m in files if m["To"] and "clinic" in m["To"]]
    assert count("job WHERE worker = 'invoice_escalation'") == 0, "jobs are left"
    assert count("fired WHERE worker = 'invoice_escalation' AND outcome = 'done'") == letters, "steps lost or twice"
    sent, unknown = (count(f"message WHERE worker = 'invoice_escalation' AND state = '{s}'") for s in ("sent", "unknown"))
    assert sent + unknown == letters, f"{sent} sent and {unknown} unknown of {letters}"
    assert unknown <= unknown_allowed, f"{unknown} letters in doubt"
    assert len({m["Message-ID"] for m in chased}) == len(chased), "one letter twice in the Maildir"
    assert len({m["To"] for m in chased}) == len(chased) == letters, f"{len(chased)} letters of {letters} arrived"
    house.tickler("audit", "verify")
    print(f"  {letters} letters, {sent} sent, {unknown} unknown, 0 lost, 0 twice")


def run_and_kill(house, program, letters, rng, restart=False):
    """Kills `program` each time a random count of letters has been delivered, until ten kills or the drain."""
    moments = sorted(rng.sample(range(1, letters - 20), KILLS))
    house.tickler("run", "invoice_escalation")
    killed = 0
    for moment in moments:
        house.wait(lambda: len(house.maildir()) >= moment, f"{moment} letters", patience=120)
        pids = [house.daemon.pid] if program == "ticklerd" else house.pids(program)
        if not pids:
            house.wait(lambda: house.pids(program), f"{program} to be back")
            pids = house.pids(program)
        try:
            os.kill(rng.choice(pids), signal.SIGKILL)
            killed += 1
        except ProcessLookupError:
            continue
        if restart:
            house.daemon.wait()
            house.start()
    drained(house)
    return killed


def drained(house, patience=120):
    house.drain(patience=patience)
    house.wait(lambda: house.one("SELECT count(*) FROM message WHERE state = 'sending'") == 0, "every letter on record")


def killed(program, seed, restart=False):
    with House() as house:
        letters = prepare(house)
        n = run_and_kill(house, program, letters, random.Random(seed), restart)
        print(f"{program} killed {n} times (seed {seed})")
        judge(house, letters)


def test_worker_killed():
    killed("ticklerd-invoice-escalation", 11)


def test_scheduler_killed():
    killed("ticklerd-scheduler", 12)


def test_supervisor_killed():
    killed("ticklerd", 13, restart=True)


def test_postgres_restarted():
    with House() as house:
        letters = prepare(house)
        house.tickler("run", "invoice_escalation")
        for moment in (letters // 5, letters // 2):
            house.wait(lambda: len(house.maildir()) >= moment, f"{moment} letters")
            postmaster = int((house.dir / "postgres/postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGQUIT)  # immediate: no clean end for anybody
        drained(house)
        print("postgres ended at once, twice")
        judge(house, letters)


def test_redis_flushed_then_stopped():
    with House() as house:
        letters = prepare(house)
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: len(house.maildir()) >= letters // 5, "a fifth of the letters")
        house.redis("FLUSHALL")
        house.wait(lambda: len(house.maildir()) >= letters // 2, "half of the letters")
        for pid in house.pids("redis-server") or [p for p, line in house.processes().items() if "redis" in line]:
            os.kill(pid, signal.SIGSTOP)
        try:
            drained(house)
        finally:
            for pid, line in house.processes().items():
                if "redis" in line:
                    os.kill(pid, signal.SIGCONT)
        print("redis flushed, then stopped")
        judge(house, letters)


def test_a_maildir_that_cannot_be_written():
    """As with a full disk: the letters wait, the log says where and why, and they go when there is room again."""
    with House() as house:
        house.init()
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: d["queue"].update(retry_first=1))
        letters = prepare(house, 50, fresh=False)
        house.wait(lambda: (house.dir / "mail/tmp").exists(), "the Maildir")
        (house.dir / "mail/tmp").chmod(0o500)
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: house.one("SELECT count(*) FROM job WHERE reason = 'the Maildir cannot be written'") == letters,
                   "every letter to wait")
        assert "cannot write" in house.log.read_text() and not house.maildir()
        (house.dir / "mail/tmp").chmod(0o700)
        drained(house)
        judge(house, letters)


def test_sigterm_drains_within_20_s():
    with House() as house:
        letters = prepare(house)
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: len(house.maildir()) >= letters // 4, "a quarter of the letters")
        took = house.stop(signal.SIGTERM)
        assert took < 20, f"SIGTERM took {took:.1f} s"
        house.start()
        drained(house)
        print(f"SIGTERM drained in {took:.1f} s")
        judge(house, letters)


def main():
    names = sys.argv[1:] or [n for n in globals() if n.startswith("test_")]
    for name in names:
        globals()[name]()


if __name__ == "__main__":
    support.leave_root()
    main()
