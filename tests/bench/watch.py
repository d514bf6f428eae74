"""What a soak is given and looks at: waves of letters; each process' memory and descriptors, the busy tables, slopes."""
import collections
import datetime as dt
import os
import pathlib
import time
import zoneinfo

import psycopg2

import house as support

TODAY = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
TABLES = ("job", "message", "message_step", "event")


def write_wave(house, number, count):
    """A folder of `count` new facilities W<number>-<n>, each with one invoice that asks for one letter."""
    folder = house.root / f"wave-{number}"
    folder.mkdir()
    due = TODAY - dt.timedelta(days=12)
    names = [f"W{number}-{n}" for n in range(count)]
    support.write_csv(folder / "facilities.csv", [dict(facility=f, name=f"Clinic {f}", type="iop") for f in names])
    support.write_csv(folder / "contacts.csv", [dict(contact=f"C{f}", facility=f, name=f"Bill {f}", role="billing",
                                                     email=f"ap@{f}.wave.example".lower()) for f in names])
    support.write_csv(folder / "invoices.csv", [dict(invoice=f"I{f}", facility=f, due_on=due, amount="100.00",
                                                     issued_on=due - dt.timedelta(days=30)) for f in names])
    return folder


def processes(house):
    """{(program, pid, start): (resident KiB, descriptors)} of the daemon's own programs and its Redis."""
    found = {}
    for pid, line in house.processes().items():
        program = os.path.basename(line.split(" ")[0])
        if not program.startswith("ticklerd") and "redis-server" not in program:
            continue
        proc = pathlib.Path("/proc") / str(pid)
        try:
            start = proc.joinpath("stat").read_text().rsplit(")", 1)[1].split()[19]
            resident = next(int(row.split()[1]) for row in proc.joinpath("status").read_text().splitlines()
                            if row.startswith("VmRSS"))
            found[program, pid, start] = resident, len(list(proc.joinpath("fd").iterdir()))
        except (OSError, StopIteration):
            continue  # it has just ended
    return found


def tables(house):
    """{table: (dead tuples, bytes)}; Postgres forgets its count of the dead when it crashes."""
    return {name: (dead, size) for name, dead, size in house.sql(
        """SELECT relname, n_dead_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
            WHERE relname = ANY(%s)""", list(TABLES))}


class Watch:
    def __init__(self, house):
        self.house = house
        self.begun = time.monotonic()
        self.seen = collections.defaultdict(list)    # process -> [(seconds, KiB, descriptors)]
        self.tables = collections.defaultdict(list)  # table -> [(seconds, dead, bytes)]
        self.queue = []                              # (seconds, jobs, age in seconds of the oldest)
        self.unanswered = 0

    def look(self):
        now = time.monotonic() - self.begun
        for process, (resident, descriptors) in processes(self.house).items():
            self.seen[process].append((now, resident, descriptors))
        try:
            self.look_into_database(now)
        except psycopg2.Error:
            self.unanswered += 1  # a fault has just struck there

    def look_into_database(self, now):
        for name, (dead, size) in tables(self.house).items():
            self.tables[name].append((now, dead, size))
        jobs, oldest = self.house.sql("SELECT count(*), extract(epoch FROM min(ready_at)) FROM job WHERE state = 'ready'")[0]
        self.queue.append((now, jobs, max(0.0, time.time() - float(oldest)) if oldest else 0.0))

    def lives(self, program, settled_s=180):
        """The samples of each process of a program, without its first minutes: until every statement has been prepared
        and every kind of letter written once, a process grows."""
        for (name, _, _), samples in self.seen.items():
            kept = [s for s in samples if s[0] >= samples[0][0] + settled_s]
            if name == program and len(kept) > 1:
                yield kept

    def programs(self):
        return sorted({name for name, _, _ in self.seen})

    def minutes(self, program):
        """How long the settled lives lasted together: what a slope rests on."""
        return sum(life[-1][0] - life[0][0] for life in self.lives(program)) / 60

    def slope(self, program, column):
        """Growth an hour, the same for all lives of a program: least squares with a level of its own for each life."""
        above = below = 0.0
        for life in self.lives(program):
            mean_t = sum(s[0] for s in life) / len(life)
            mean_v = sum(s[column] for s in life) / len(life)
            above += sum((s[0] - mean_t) * (s[column] - mean_v) for s in life)
            below += sum((s[0] - mean_t) ** 2 for s in life)
        return 3600 * above / below if below else 0.0

    def most(self, program, column):
        return max(s[column] for (name, _, _), samples in self.seen.items() if name == program for s in samples)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0
