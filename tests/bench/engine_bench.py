#!/usr/bin/python3
"""The engine beside its limit: no-op jobs planned, handed out, done and committed, by ticklerd's real processes and by
bench_limit (limit.c), in turn, on the same embedded Postgres, with two workers each.

    tests/bench/run --engine [--jobs 200000] [--ready 1000000] [--rounds 5]

The first round of each warms up and is not counted. Figures are medians [min-max]; nothing here fails on a time.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import house as support  # noqa: E402
from house import House  # noqa: E402

PARTY = 10  # jobs of one party
WARM = 20  # pick-ups that do not count: the tables were emptied just before, and every plan is made anew
TICK = os.sysconf("SC_CLK_TCK")
SCHEDULE = """worker: noop
run: "0 3 1 1 *"
timezone: America/Chicago
window: "00:00-24:00"
storm_brake: 0
limits: {per_party_per_day: 0, per_run: 0}
steps:
  - {id: tick, at: +0d, task: {title: "Never made", to: va}}
"""
TABLES = """
CREATE SCHEMA bare;
CREATE TABLE bare.job (kind text NOT NULL, subject bigint NOT NULL, cycle date NOT NULL, milestone text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, party bigint NOT NULL, ready_at timestamptz NOT NULL,
    PRIMARY KEY (kind, subject, cycle, milestone));
CREATE INDEX ON bare.job (ready_at, id);
CREATE TABLE bare.ledger (kind text NOT NULL, subject bigint NOT NULL, cycle date NOT NULL, milestone text NOT NULL,
    id bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (kind, subject, cycle, milestone));
CREATE TABLE bench_subject (agency_id int NOT NULL, subject_id bigint NOT NULL, due_on date NOT NULL, party_id bigint NOT NULL,
    PRIMARY KEY (agency_id, subject_id));
GRANT SELECT ON bench_subject TO ticklerd_app
"""


def cpu_of(pid, children=False):
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0  # it has ended; the postmaster has its time
    return sum(map(int, fields[11:15 if children else 13])) / TICK


class Bench:
    def __init__(self, house, jobs):
        self.house, self.jobs = house, jobs
        self.conninfo = f"host={house.dir}/run/postgres dbname=ticklerd user=ticklerd_owner"

    def limit(self, *words):
        done = subprocess.run([self.house.bin / "bench_limit", self.conninfo, *map(str, words)], text=True,
                              capture_output=True, check=True, timeout=600)
        return json.loads(done.stdout)

    def postgres(self):
        """CPU seconds of the server: the postmaster, its living children, and those it has buried."""
        main = int((self.house.dir / "postgres/postmaster.pid").read_text().split()[0])
        children = open(f"/proc/{main}/task/{main}/children").read().split()
        return cpu_of(main, children=True) + sum(cpu_of(pid) for pid in children)

    def ours(self):
        return sum(cpu_of(pid) for name in ("ticklerd-scheduler", "ticklerd-noop") for pid in self.house.pids(name))

    def subjects(self, count):
        self.house.sql("TRUNCATE bench_subject")
        self.house.sql("""INSERT INTO bench_subject SELECT 1, n, current_date - 1 - (n %% 50)::int, n / %s
                          FROM generate_series(1, %s) n""", PARTY, count)

    def clean(self):
        self.house.sql("TRUNCATE job, fired, occurrence, bare.job, bare.ledger")
        self.house.sql("ANALYZE bench_subject")
        self.house.sql("CHECKPOINT")

    def empty(self):
        """Waits by a cheap question: is the newest job still there? To count the ledger cost as much as a tenth of it."""
        newest = """SELECT count(*) FROM (SELECT FROM job WHERE worker = 'noop' AND agency_id = 1 AND state = 'ready'
                                          ORDER BY ready_at DESC, job_id DESC LIMIT 1) j"""
        self.house.wait(lambda: self.house.one(newest) == 0, "the drain", 900)
        self.house.wait(lambda: self.house.one("SELECT count(*) FROM fired WHERE worker = 'noop'") >= self.jobs,
                        "the last verdicts", 900)

    def round_of_ours(self):
        self.clean()
        server, own = self.postgres(), self.ours()
        begun = time.time()
        self.house.tickler("run", "noop")
        planned = time.time()
        time.sleep(0.2 + self.jobs / 150_000)  # let it work unwatched; what it took is in the ledger
        self.empty()
        ended, = self.house.sql("SELECT extract(epoch FROM max(at))::float8 FROM fired")[0]
        return dict(drain=self.jobs / (ended - planned), cycle=self.jobs / (ended - begun),
                    cpu=1000 * (self.postgres() - server + self.ours() - own) / self.jobs)

    def round_of_limit(self, batch):
        self.clean()
        server = self.postgres()
        plan = self.limit("plan")["seconds"]
        drain = self.limit("drain", batch, self.jobs)
        return dict(drain=self.jobs / drain["seconds"], cycle=self.jobs / (plan + drain["seconds"]),
                    cpu=1000 * (self.postgres() - server + drain["cpu"]) / self.jobs)

    def pickups(self, times):
        """Milliseconds from the commit to the moment at which a worker has read the job, of both."""
        self.clean()
        bare = self.limit("pickup", times + WARM)
        committed = self.limit("offer", times + WARM)
        self.house.wait(lambda: self.house.one("SELECT count(*) FROM job") == 0, "the last job")
        began = dict(self.house.sql("SELECT subject_id, reason::bigint FROM fired WHERE reason IS NOT NULL"))
        return [(began[n] - at) / 1000 for n, at in enumerate(committed)][WARM:], bare[WARM:]

    def peak_rss(self, program):
        """The most that any process of a program ever took, in MiB."""
        def peak(pid):
            line = next(l for l in open(f"/proc/{pid}/status") if l.startswith("VmHWM"))
            return int(line.split()[1]) / 1024
        return max(peak(pid) for pid in self.house.pids(program))


def cell(values, digits):
    return f"{statistics.median(values):,.{digits}f} [{min(values):,.{digits}f}-{max(values):,.{digits}f}]"


def row(name, unit, ours, bare, goal, digits=0):
    ratio = statistics.median(ours) / statistics.median(bare)
    print(f"| {name} | {unit} | {cell(ours, digits)} | {cell(bare, digits)} | {ratio:.2f} | {goal} |", flush=True)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def prepare(house):
    house.init()
    (house.dir / "config/schedules/noop.yaml").write_text(SCHEDULE)
    (house.dir / "config/templates/noop").mkdir()
    (house.dir / "config/templates/noop/sample.json").write_text("{}")
    house.only("noop")
    house.edit(house.dir / "config/ticklerd.yaml", lambda d: d["rooms"].update(noop=2, task_desk=0))
    house.start()
    house.sql(TABLES)


def measure(options):
    with House() as house:
        prepare(house)
        bench = Bench(house, options.jobs)
        bench.subjects(options.jobs)
        ours, by_1000, by_100, picked = [], [], [], []
        for _ in range(options.rounds + 1):
            ours.append(bench.round_of_ours())
            by_1000.append(bench.round_of_limit(1000))
            by_100.append(bench.round_of_limit(100))
            picked.append(bench.pickups(options.pickups))
        of = lambda rounds, what: [r[what] for r in rounds[1:]]
        row("drain, limit by 1,000", "jobs/s", of(ours, "drain"), of(by_1000, "drain"), "0.6")
        row("whole cycle, limit by 1,000", "jobs/s", of(ours, "cycle"), of(by_1000, "cycle"), "0.65")
        row("drain, limit by 100", "jobs/s", of(ours, "drain"), of(by_100, "drain"), "")
        row("whole cycle, limit by 100", "jobs/s", of(ours, "cycle"), of(by_100, "cycle"), "")
        row("CPU of server and processes", "s per 1,000", of(ours, "cpu"), of(by_1000, "cpu"), "at most 1.5", 4)
        for share in (0.5, 0.99):
            row(f"pick-up p{int(100 * share)}", "ms", [percentile(a, share) for a, _ in picked[1:]],
                [percentile(b, share) for _, b in picked[1:]], "at most 1.3" if share == 0.5 else "at most 2", 2)
        bench.jobs = options.ready
        bench.subjects(options.ready)
        bench.round_of_ours()
        print(f"\npeak RSS with {options.ready:,} ready: scheduler {bench.peak_rss('ticklerd-scheduler'):.1f} MiB, "
              f"the larger worker {bench.peak_rss('ticklerd-noop'):.1f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200_000)
    parser.add_argument("--ready", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pickups", type=int, default=200)
    options = parser.parse_args()
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, embedded Postgres (fsync and synchronous_commit "
          f"on), {options.jobs:,} jobs in parties of {PARTY}, two workers, batches of 250 growing to 1,000, "
          f"{options.rounds} rounds after one to warm up, median [min-max]\n")
    print("| what | unit | ticklerd | limit | ratio | goal |\n|---|---|---:|---:|---:|---|")
    measure(options)


if __name__ == "__main__":
    support.leave_root()
    main()
