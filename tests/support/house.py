"""A whole ticklerd of a test's own: a state directory, the real supervisor and all its children, and `tickler`.

    with House() as house:
        house.start()
        house.tickler("import", "--dir", folder)
        house.wait(lambda: house.one("SELECT count(*) FROM job") == 0, "the queue to drain")

Everything is below one temporary directory, on unix sockets only. Run as root, a test becomes `nobody` first, since
Postgres refuses root.
"""
import csv
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import psycopg2
import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def leave_root():
    """Runs this very script again as nobody when it was started by root."""
    if os.getuid() == 0:
        os.execvp("setpriv", ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                              "env", "HOME=/tmp", sys.executable, "-B", *sys.argv])


def run_tests(names):
    """Runs the functions test_* of a script's globals(), or those that its command line names; never as root."""
    leave_root()
    for name in sys.argv[1:] or [n for n in names if n.startswith("test_")]:
        names[name]()
        print(f"ok {name}", flush=True)


def shared_data(name):
    """A folder of the shared test data, or the test says that it was skipped."""
    root = pathlib.Path(os.environ.get("TICKLER_SHARED", SOURCE.parent / "shared"))
    if not (root / "data" / name).is_dir():
        print("skipped: no ../shared")
        sys.exit(77)
    return root / "data" / name


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_csv(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


class House:
    def __init__(self, bin_dir=None):
        self.bin = pathlib.Path(bin_dir or os.environ.get("TICKLER_BIN", SOURCE / "build/release/bin"))
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tk-", dir="/tmp"))  # short: socket paths have 107 bytes
        self.dir = self.root / "state"
        self.temporary = self.root / "tmp"  # the programs' own: what is left there is theirs
        self.temporary.mkdir()
        self.daemon = None
        self.connection = None
        self.database = dict(host=str(self.dir / "run/postgres"), dbname="ticklerd", user="ticklerd_owner")
        self.log = self.root / "ticklerd.log"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(signal.SIGTERM, patience=40)
        if kind and self.log.exists():
            print(f"--- the end of {self.log}:", file=sys.stderr)
            print("\n".join(self.log.read_text(errors="replace").splitlines()[-60:]), file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    # --- the programs

    def tickler(self, *words, check=True, stdin=None):
        """Runs one command; answers its standard output, or the finished process with check=False."""
        done = subprocess.run([self.bin / "tickler", "--dir", self.dir, *map(str, words)], text=True,
                              capture_output=True, timeout=300, input=stdin, env=self.environment())
        if not check:
            return done
        assert done.returncode == 0, f"tickler {' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def environment(self):
        return dict(os.environ, TMPDIR=str(self.temporary))

    def json(self, *words):
        return [json.loads(line) for line in self.tickler(*words, "--json").splitlines()]

    def init(self, agency="Elm Street Staffing", timezone="America/Chicago"):
        self.tickler("init", "--agency", agency, "--timezone", timezone, "--va", "Vera Ames:vera@agency.example",
                     "--leadership", "Lea Dorn:lea@agency.example")

    def schedule(self, worker, **changes):
        """Edits a schedule's YAML: keys set, or taken out when None."""
        path = self.dir / f"config/schedules/{worker}.yaml"
        self.edit(path, lambda document: document.update(changes))

    def only(self, *workers):
        """The other rooms rest: they have tests of their own. Before the start."""
        for path in (self.dir / "config/schedules").glob("*.yaml"):
            if path.stem not in workers:
                self.schedule(path.stem, run="0 3 1 1 *")
        self.edit(self.dir / "config/ticklerd.yaml", lambda document: document["rooms"].update(
            {room: 0 for room in document["rooms"] if room not in workers}))

    @staticmethod
    def edit(path, change):
        document = yaml.safe_load(path.read_text())
        change(document)
        path.write_text(yaml.safe_dump({k: v for k, v in document.items() if v is not None}, sort_keys=False))

    def redis(self, *words):
        """Sends one command to the embedded Redis and answers the first line of its reply."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.dir / "run/redis.sock"))
            line.sendall((" ".join(words) + "\r\n").encode())
            return line.recv(4096).decode().splitlines()[0]

    def start(self, *options, wait=True):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen([self.bin / "ticklerd", "--dir", self.dir, *options], stdout=log, stderr=log,
                                           env=self.environment())
        if wait:
            self.wait(self.is_up, "the daemon to be up", patience=60)
        return self.daemon

    def is_up(self):
        assert self.daemon.poll() is None, f"ticklerd left with {self.daemon.returncode}"
        done = self.tickler("status", "--json", check=False)
        return done.returncode == 0 and json.loads(done.stdout)["daemon"].get("ready") and self.pids("ticklerd-scheduler")

    def stop(self, number=signal.SIGTERM, patience=30):
        """Ends the daemon and answers how many seconds that took."""
        if self.connection:
            self.connection.close()
            self.connection = None
        if self.daemon is None:
            return 0.0
        begun = time.monotonic()
        if self.daemon.poll() is None:
            self.daemon.send_signal(number)
            try:
                self.daemon.wait(patience)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        took = time.monotonic() - begun
        self.daemon = None
        self.wait(lambda: not self.processes(), "every process of the house to end", patience=40)
        return took

    def processes(self):
        """{pid: command line} of every process that works on this directory."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except (OSError, IndexError):
                continue
            line = " ".join(w.decode(errors="replace") for w in words)
            if str(self.dir) in line and state != "Z":
                found[int(entry.name)] = line
        return found

    def pids(self, program):
        return [pid for pid, line in self.processes().items() if f"/{program} " in line]

    # --- the record

    def sql(self, text, *values):
        """Rows of a query as the schema's owner; connects again after a fault. One dict names its values."""
        values = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
        for attempt in (1, 2):
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = psycopg2.connect(**self.database)
                    self.connection.autocommit = True
                with self.connection.cursor() as cursor:
                    cursor.execute(text, values or None)
                    return cursor.fetchall() if cursor.description else cursor.rowcount
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
                if attempt == 2:
                    raise

    def one(self, text, *values):
        return self.sql(text, *values)[0][0]

    def drain(self, worker="invoice_escalation", patience=150):
        """Waits until the queue of a room is empty. A job that was in hand at three deaths is parked, as promised: it is
        tried again as an admin would."""
        def empty():
            for job, in self.sql("SELECT job_id FROM job WHERE worker = %s AND state = 'parked'", worker):
                self.tickler("retry", job)
            return self.one("SELECT count(*) FROM job WHERE worker = %s", worker) == 0
        self.wait(empty, "the queue to drain", patience)

    def maildir(self):
        """Every delivered letter, as paths."""
        return [p for sub in ("new", "cur") for p in (self.dir / "mail" / sub).glob("*")]

    @staticmethod
    def wait(condition, what, patience=60.0):
        """Waits until the condition holds, asking often, and answers it; fails with `what` at the deadline."""
        deadline = time.monotonic() + patience
        last = None
        while time.monotonic() < deadline:
            try:
                found = condition()
                if found:
                    return found
            except (psycopg2.Error, OSError, IndexError) as error:
                last = error
            time.sleep(0.05)
        raise AssertionError(f"waited {patience:.0f} s in vain for {what}" + (f" ({last})" if last else ""))


def business_days_between(earlier, later):
    """How many business days `later` lies behind `earlier`, by the oracle's calendar."""
    import datetime as dt
    import ledger_oracle
    return sum(ledger_oracle.is_open(earlier + dt.timedelta(days=n + 1)) for n in range((later - earlier).days))


def open_window(house):
    """Lets letters go at any hour: tests run at night too."""
    for path in (house.dir / "config/schedules").glob("*.yaml"):
        house.edit(path, lambda document: document.update(window="00:00-24:00"))


def overdue_folder(house, count, today, days_late=12):
    """A folder of `count` facilities, each with a billing contact and one invoice that many days late."""
    import datetime as dt
    folder = house.root / "data"
    folder.mkdir(exist_ok=True)
    due = today - dt.timedelta(days=days_late)
    write_csv(folder / "facilities.csv", [dict(facility=f"F-{i:05}", name=f"Clinic {i}", type="iop")
                                          for i in range(count)])
    write_csv(folder / "contacts.csv", [dict(contact=f"C-{i:05}", facility=f"F-{i:05}", name=f"Bill {i}",
                                             email=f"ap{i}@clinic{i}.example", role="billing") for i in range(count)])
    write_csv(folder / "invoices.csv", [dict(invoice=f"INV-{i:05}", facility=f"F-{i:05}",
                                             issued_on=due - dt.timedelta(days=30), due_on=due, amount="100.00")
                                        for i in range(count)])
    return folder
