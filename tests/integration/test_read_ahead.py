"""The dispatcher's read-ahead against the real house: bounded memory, late rows, fresh jobs, whole parties, stale rows."""
import os
import signal

import house as support
from house import House

FULL = os.environ.get("TICKLER_TIER") == "full"
MANY = 1_000_000 if FULL else 100_000
# Jobs without a record: the worker ends each as moot, so they cost no letter.
JOBS = """INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject, party)
          SELECT 1, 'invoice_escalation', n, '2020-01-01', 'reminder', 1, n / %(party)s, 'epoch', %(ready)s::timestamptz,
                 'invoice:I-' || n, 'facility:F-' || n / %(party)s FROM generate_series(%(low)s, %(high)s) n"""


def prepared(house, processes=2):
    house.init()
    house.only("invoice_escalation")
    support.open_window(house)
    house.edit(house.dir / "config/ticklerd.yaml",
               lambda d: d["rooms"].update(invoice_escalation=processes, task_desk=0))
    house.start()


def put(house, low, high, ready="2020-01-02", party=10):
    house.sql(JOBS, dict(low=low, high=high, ready=ready, party=party))


def workers(house):
    return house.pids("ticklerd-invoice-escalation")


def peak_mib(pid):
    line = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def drained(house, patience=300):
    house.wait(lambda: house.one("SELECT count(*) FROM (SELECT FROM job LIMIT 1) j") == 0, "the drain", patience)


def test_memory_stays_the_same():
    """However many are ready, scheduler and workers stay below 64 MiB. (Sanitizers take several times as much.)"""
    if "debug" in os.environ.get("TICKLER_BIN", ""):
        return
    with House() as house:
        prepared(house)
        put(house, 1, MANY)
        house.sql("NOTIFY tickler")
        drained(house, 1800)
        peaks = {pid: peak_mib(pid) for pid in house.pids("ticklerd-scheduler") + workers(house)}
        print(f"{MANY:,} ready: peak RSS {', '.join(f'{mib:.0f} MiB' for mib in peaks.values())}")
        assert len(peaks) == 3 and max(peaks.values()) < 64, peaks


def test_late_fresh_and_stale_rows():
    """While thousands wait: a row that commits late sorts before what was read, and is found; one that somebody has just
    made ready goes before the rest; one that was held after it was read changes nothing."""
    with House() as house:
        prepared(house, processes=1)
        for pid in workers(house):
            os.kill(pid, signal.SIGSTOP)
        put(house, 1001, 20000, ready="2020-01-03")
        house.sql("NOTIFY tickler")
        house.wait(lambda: "job_ready.sql" in house.one("""SELECT string_agg(query, ' ') FROM pg_stat_activity
                                                           WHERE application_name = 'ticklerd-scheduler'"""), "the read")
        held = house.sql("""UPDATE job SET state = 'parked' WHERE subject_id IN (1005, 1006) RETURNING subject_id""")
        assert len(held) == 2
        put(house, 1, 10, ready="2020-01-02")  # sorts before everything that was read
        put(house, 30000, 30009, ready="2021-01-01")  # the newest
        for pid in workers(house):
            os.kill(pid, signal.SIGCONT)
        house.wait(lambda: house.one("SELECT count(*) FROM job WHERE subject_id <= 10 OR subject_id >= 30000") == 0,
                   "the late rows and the fresh ones", 120)
        waiting = house.one("SELECT count(*) FROM job WHERE state = 'ready'")
        print(f"{waiting:,} others still waited")
        house.wait(lambda: house.one("SELECT count(*) FROM job WHERE state = 'ready'") == 0, "the drain", 120)
        assert house.one("SELECT count(*) FROM job WHERE state = 'parked'") == 2, "a parked job was finished"
        moot = house.one("SELECT count(*) FROM event WHERE kind = 'job.moot'")
        assert moot == 19000 + 20 - 2, f"each job ends once: {moot}"


def test_a_dead_workers_jobs_come_again():
    """What was read before a death and what was in hand is offered again, nothing twice."""
    with House() as house:
        prepared(house)
        put(house, 1, 20000)
        house.sql("NOTIFY tickler")
        house.wait(lambda: house.one("SELECT count(*) FROM event WHERE kind = 'job.moot'") > 500, "the first windows")
        os.kill(workers(house)[0], signal.SIGKILL)
        drained(house)
        assert house.one("SELECT count(*) FROM event WHERE kind = 'job.moot'") == 20000


if __name__ == "__main__":
    support.run_tests(globals())
