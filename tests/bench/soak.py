#!/usr/bin/python3
"""An hour at three times the demo's load, with a fault every half minute.

    tests/bench/run --soak [MINUTES] [--seed N] [--fault-every S]      60 minutes

First the demo's agency goes through all rooms: what it gives them to do in its first day is the load's unit. Then three
times that comes in every minute, as imported facilities with an invoice long overdue, in waves of ten seconds; a seeded
fault strikes every 30 s: processes killed and stopped, Postgres and Redis too. At the end everything must have been sent
exactly once, and memory, descriptors, dead tuples and the letters' age must have stayed flat; judge.py judges the record.
"""
import argparse
import collections
import datetime as dt
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import house as support  # noqa: E402
from house import House  # noqa: E402
from judge import History, Judge, in_maildir  # noqa: E402
from watch import Watch, percentile, write_wave  # noqa: E402

ROOMS = ["invoice_escalation", "license_renewal", "check_in", "payer_followup", "onboarding_packet"]
TIMES = 3
WAVE_S = SAMPLE_S = 10
# What "flat" means: growth an hour, and the second half against the first.
MIB_AN_HOUR, DESCRIPTORS_AN_HOUR, AGE_TIMES, DEAD_AT_MOST, QUEUE_BYTES_AT_MOST = 1.0, 1.0, 1.5, 50_000, 64 << 20


def say(text):
    print(f"{dt.datetime.now():%H:%M:%S} {text}", flush=True)


# --- faults: each takes the house and the run's random numbers, and leaves nothing stopped

def one_of(house, rng, program):
    pids = [pid for pid, line in house.processes().items() if f"/{program}" in line.split(" --")[0]]
    return rng.choice(sorted(pids)) if pids else None


def strike(house, rng, program, number, seconds=0):
    pid = one_of(house, rng, program)
    if pid is None:
        return
    try:
        os.kill(pid, number)
        if seconds:
            time.sleep(seconds)
            os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass  # it ended by itself meanwhile


def worker(rng):
    return "ticklerd-" + rng.choice(ROOMS + ["invoice_escalation"] * 5).replace("_", "-")


def postmaster(house):
    return int((house.dir / "postgres/postmaster.pid").read_text().split()[0])


def connections_cut(house, rng):
    for pid in pathlib.Path(f"/proc/{postmaster(house)}/task/{postmaster(house)}/children").read_text().split():
        if "ticklerd_app" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(int(pid), signal.SIGTERM)


def whole_tree(house, rng):
    house.daemon.kill()
    house.daemon.wait()
    house.start()


FAULTS = {
    "a worker killed": lambda h, r: strike(h, r, worker(r), signal.SIGKILL),
    "a worker stopped for 8 s": lambda h, r: strike(h, r, worker(r), signal.SIGSTOP, 8),
    "the scheduler killed": lambda h, r: strike(h, r, "ticklerd-scheduler", signal.SIGKILL),
    "the scheduler stopped for 12 s": lambda h, r: strike(h, r, "ticklerd-scheduler", signal.SIGSTOP, 12),
    "Postgres ended at once": lambda h, r: os.kill(postmaster(h), signal.SIGQUIT),
    "Postgres shut down": lambda h, r: os.kill(postmaster(h), signal.SIGINT),
    "every connection cut": connections_cut,
    "Redis flushed": lambda h, r: h.redis("FLUSHALL"),
    "Redis stopped for 5 s": lambda h, r: strike(h, r, "redis-server", signal.SIGSTOP, 5),
    "Redis killed": lambda h, r: strike(h, r, "redis-server", signal.SIGKILL),
    "the supervisor killed": whole_tree,
}


class Faults(threading.Thread):
    def __init__(self, house, history, rng, every, until):
        super().__init__(daemon=True)
        self.house, self.history, self.rng, self.every, self.until = house, history, rng, every, until
        self.done, self.broken = collections.Counter(), None

    def run(self):
        names = list(FAULTS)
        try:
            at = time.monotonic() + self.every
            while at < self.until - self.every:
                time.sleep(max(0.0, at - time.monotonic()))
                name = self.rng.choice(names)
                try:
                    FAULTS[name](self.house, self.rng)
                    self.history.fault(name)
                    self.done[name] += 1
                except OSError as error:
                    self.done[f"no chance: {name} ({error.strerror})"] += 1  # its target was just down
                at += self.every
        except Exception:
            self.broken = traceback.format_exc()


# --- load

class Load(threading.Thread):
    """Waves of facilities W<wave>-<n>; each is planned at once."""
    def __init__(self, house, count, until):
        super().__init__(daemon=True)
        self.house, self.count, self.until = house, count, until
        self.ready, self.broken = [], None  # wave -> when its plan was asked for

    def tickler(self, *words):
        """Until it is taken: a fault may be at work, and both commands may be said twice."""
        for _ in range(120):
            try:
                if self.house.tickler(*words, check=False).returncode == 0:
                    return
            except subprocess.TimeoutExpired:
                pass
            time.sleep(0.5)
        raise AssertionError(f"tickler {words[0]} was refused for a minute")

    def wave(self, number):
        folder = write_wave(self.house, number, self.count)
        self.tickler("import", "--dir", folder)
        self.ready.append(time.time())
        self.tickler("run", "invoice_escalation")

    def run(self):
        try:
            at = time.monotonic()
            while at < self.until:
                time.sleep(max(0.0, at - time.monotonic()))
                self.wave(len(self.ready))
                at = max(at + WAVE_S, time.monotonic() - 6 * WAVE_S)  # after an outage, catch up by a minute at most
        except Exception:
            self.broken = traceback.format_exc()


def open_office(house):
    house.init()
    support.open_window(house)
    for room in ROOMS:
        house.schedule(room, limits={"per_party_per_day": 1, "per_run": 0}, storm_brake=0, stop_if_data_older_than=None)
    house.start()
    house.tickler("demo", "--out", house.root / "demo")
    house.tickler("import", "--dir", house.root / "demo")
    for room in ROOMS:
        house.tickler("run", room)
    house.wait(lambda: waiting(house) == 0, "the demo's first day", 600)
    return house.one("SELECT count(*) FROM fired")


def waiting(house):
    """Jobs that could go now; a job that was in hand at three deaths is tried again, as an admin would."""
    for job, in house.sql("SELECT job_id FROM job WHERE state = 'parked'"):
        house.tickler("retry", job)
    return house.one("SELECT count(*) FROM job WHERE state <> 'held' AND ready_at <= clock_timestamp() + '1 min'::interval")


# --- the end

def ages(house, load):
    """[(when sent, seconds since its plan was asked for)] of every wave's letters."""
    rows = house.sql("""SELECT party, extract(epoch FROM sent_at) FROM message
                         WHERE party LIKE 'facility:W%%' AND state = 'sent' ORDER BY sent_at""")
    return [(float(at), float(at) - load.ready[int(party.split(":W")[1].split("-")[0])]) for party, at in rows]


def judged(house, history, load):
    """Every wave's letters in the record and in the Maildir, each exactly once, and all else that the judge holds."""
    for wave in range(len(load.ready)):
        for n in range(load.count):
            history.expect("invoice_escalation", f"invoice:IW{wave}-{n}")
    letters = in_maildir(house)
    judge = Judge(house, history, letters, drained=False)  # what may not go out today, a day off say, waits still
    say(f"{len(load.ready) * load.count:,} letters wanted of the waves, {len(letters):,} in the Maildir, the demo's among them")
    findings = judge.findings()
    for finding in findings[:20]:
        say(f"FOUND: {finding}")
    if not findings:
        say(judge.summary())
    return not findings


def report(watch, letters, faults):
    print("\nfaults: " + ", ".join(f"{name} {n}" for name, n in sorted(faults.done.items())))
    print("\n| program | lives | RSS MiB at most | MiB/h | descriptors at most | an hour | settled min |\n"
          "|---|---:|---:|---:|---:|---:|---:|")
    flat = {}
    for program in watch.programs():
        growth, descriptors = watch.slope(program, 1) / 1024, watch.slope(program, 2)
        lives = len([key for key in watch.seen if key[0] == program])
        print(f"| {program} | {lives} | {watch.most(program, 1) / 1024:.1f} | {growth:+.2f} | {watch.most(program, 2)} | "
              f"{descriptors:+.2f} | {watch.minutes(program):.0f} |")
        flat[f"memory of {program}"] = growth < MIB_AN_HOUR
        flat[f"descriptors of {program}"] = descriptors < DESCRIPTORS_AN_HOUR
    print("\n| table | dead tuples at most | MiB at a quarter | MiB at the end |\n|---|---:|---:|---:|")
    for name, samples in watch.tables.items():
        print(f"| {name} | {max(s[1] for s in samples):,} | {samples[len(samples) // 4][2] / 1048576:.1f} | "
              f"{samples[-1][2] / 1048576:.1f} |")
        flat[f"dead tuples of {name}"] = max(s[1] for s in samples) <= DEAD_AT_MOST
    flat["size of the queue"] = max(s[2] for s in watch.tables["job"]) <= QUEUE_BYTES_AT_MOST
    print("\n| quarter | letters | age p50 s | p99 s | jobs ready at most |\n|---|---:|---:|---:|---:|")
    for quarter in range(4):
        part = letters[quarter * len(letters) // 4:(quarter + 1) * len(letters) // 4]
        looks = watch.queue[quarter * len(watch.queue) // 4:(quarter + 1) * len(watch.queue) // 4]
        print(f"| {quarter + 1} | {len(part):,} | {percentile([a for _, a in part], .5):.2f} | "
              f"{percentile([a for _, a in part], .99):.2f} | {max(jobs for _, jobs, _ in looks):,} |")
    first, second = letters[:len(letters) // 2], letters[len(letters) // 2:]
    flat["age of the letters"] = (percentile([a for _, a in second], .99)
                                  <= AGE_TIMES * percentile([a for _, a in first], .99))
    return [name for name, good in flat.items() if not good]


def soak(options):
    rng = random.Random(options.seed)
    with House() as house:
        unit = open_office(house)
        history = History()
        for subject, times in house.sql("""SELECT subject, (outcome <> 'superseded')::int FROM fired
                                            WHERE worker = 'invoice_escalation'
                                            UNION ALL SELECT subject, 1 FROM job WHERE worker = 'invoice_escalation'"""):
            history.expect("invoice_escalation", subject, times=times)
        until = time.monotonic() + 60 * options.minutes
        load = Load(house, max(1, round(TIMES * unit * WAVE_S / 60)), until)
        faults, watch = Faults(house, history, rng, options.fault_every, until), Watch(house)
        say(f"seed {options.seed}; the demo's first day is {unit} steps; {load.count} letters every {WAVE_S} s, a fault "
            f"every {options.fault_every:g} s, {options.minutes:g} minutes")
        load.start()
        faults.start()
        while time.monotonic() < until:
            watch.look()
            time.sleep(SAMPLE_S)
        load.join(180)
        faults.join(60)
        assert not load.broken and not faults.broken, load.broken or faults.broken
        house.wait(lambda: waiting(house) == 0, "the queue to drain", 300)
        house.wait(lambda: house.one("SELECT count(*) FROM message WHERE state = 'sending'") == 0, "every letter recorded")
        good, uneven = judged(house, history, load), report(watch, ages(house, load), faults)
        say("flat, and the judge finds nothing" if good and not uneven else f"NOT GOOD: judged {good}; not flat: {uneven}")
        return 0 if good and not uneven else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 31))
    parser.add_argument("--fault-every", type=float, default=30)
    return soak(parser.parse_args())


if __name__ == "__main__":
    support.leave_root()
    sys.exit(main())
