"""An office that is killed many times: new work for each kill, kill points armed one after the other, gates inside
Postgres, and every process of the house ended at once.

    with KillOffice(programs) as office:
        office.open()
        run = office.new_run(12)
        office.arm("worker.claimed", nth=2, action="kill")
        office.plan()
        office.passed()
        office.drain()
        office.check(run)

The programs are a debug build's (daemon/lib/kill_point.h says how a point is armed); what an admin types besides is
$TICKLER_BIN's, since it starts faster.
"""
import contextlib
import datetime as dt
import email
import os
import pathlib
import shutil
import signal
import subprocess
import time
import zoneinfo

import psycopg2

import house as support
from house import SOURCE, House
from judge import History, Judge, in_maildir, of_server
from traces import holders

# Where a gate stands: a lock inside a statement, at which whoever passes waits while the test holds the gate closed.
# Two of them stand where no code of ours runs: in the middle of one statement, and in a COMMIT.
GATES = {
    "plan": "CREATE TRIGGER gate BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION gate({key})",
    "claim": "CREATE TRIGGER gate BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION gate({key})",
    "commit": "CREATE CONSTRAINT TRIGGER gate_of_commit AFTER UPDATE ON message DEFERRABLE INITIALLY DEFERRED "
              "FOR EACH ROW EXECUTE FUNCTION gate({key})",
    "head": "CREATE TRIGGER gate BEFORE UPDATE ON event_head FOR EACH ROW EXECUTE FUNCTION gate({key})",
    "ddl": "CREATE FUNCTION gate_of_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ "
           "BEGIN PERFORM pg_advisory_xact_lock_shared({key}); END $$;"
           "CREATE EVENT TRIGGER gate ON ddl_command_end EXECUTE FUNCTION gate_of_ddl()",
}
KEYS = {name: 4000 + place for place, name in enumerate(GATES)}
GATE = """CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint); RETURN coalesce(NEW, OLD); END $$"""

WORK = """WITH f AS (INSERT INTO facility (agency_id, ext_id, name, type)
                       SELECT 1, %(run)s || '-' || n, 'Clinic ' || n, 'iop' FROM generate_series(1, %(count)s) n
                    RETURNING facility_id, ext_id),
               c AS (INSERT INTO contact (agency_id, ext_id, facility_id, name, email, role)
                       SELECT 1, ext_id, facility_id, 'Bill', ext_id || '@clinic.example', 'billing' FROM f)
          INSERT INTO invoice (agency_id, ext_id, facility_id, issued_on, due_on, amount_cents)
            SELECT 1, ext_id, facility_id, %(due)s::date - 30, %(due)s, 10000 FROM f"""


class Run:
    """The work of one kill: `count` invoices of as many facilities, named R7-1, R7-2, ..."""

    def __init__(self, number, count, is_letter):
        self.name, self.count, self.is_letter = f"R{number}", count, is_letter

    def has(self, name):
        return name.lower().startswith(self.name.lower() + "-")


class KillOffice(House):
    def __init__(self, programs):
        super().__init__(programs)
        self.admin = pathlib.Path(os.environ.get("TICKLER_BIN", programs))
        self.wish, self.mark = self.root / "wish", self.root / "wish.passed"
        self.relay = self.sink = None
        self.runs, self.letters_seen = 0, {}
        self.history = History()

    def environment(self):
        # The sanitizers' leak check is for programs that end; these do not live so long.
        return dict(super().environment(), TICKLER_KILL_FILE=str(self.wish), ASAN_OPTIONS="detect_leaks=0",
                    TICKLER_SHARE=str(self.root / "share"))

    def open(self, relay=None, sink=None):
        """Begins: letters go to `relay` or the Maildir, tasks are told to `sink` (held_answers.py)."""
        self.relay, self.sink = relay, sink
        shutil.copytree(SOURCE / "config", self.root / "share")
        self.init()
        self.only("invoice_escalation", "task_desk")
        support.open_window(self)
        self.schedule("invoice_escalation", run="0 * * * *", limits={"per_party_per_day": 1, "per_run": 0}, min_gap="0bd",
                      storm_brake=0, stop_if_data_older_than=None)
        self.schedule("task_desk", run="0 3 1 1 *")
        self.edit(self.dir / "config/ticklerd.yaml", self.settings)
        self.start()
        self.sql(GATE)
        for name, text in GATES.items():
            self.sql(text.format(key=KEYS[name]))
        self.plan()

    def settings(self, document):
        document["queue"].update(batch=8, send_window=2, retry_first=1)
        document["people"] = {"letters_per_day": 0}
        if self.relay:
            document["mail"]["relay"] = {"url": f"smtp://127.0.0.1:{self.relay.port}", "starttls": False, "timeout": 5}
        if self.sink:
            secret = self.root / "secret"
            secret.write_text("whsec_dHdlbnR5LWZvdXIgYnl0ZXMgb3IgbW9yZQ==\n")
            secret.chmod(0o600)
            document["webhooks"] = [{"url": self.sink.url, "secret": f"file:{secret}", "allow_private": True}]

    # --- work

    def new_run(self, count, is_letter=True):
        """So many invoices 12 days late (a letter each) or 25 (a task each). They are due; nothing plans them yet."""
        run = self.begin_run(count, is_letter)
        self.sql(WORK, {"run": run.name, "count": count, "due": self.due(is_letter)})
        return run

    def begin_run(self, count, is_letter):
        self.runs += 1
        run = Run(self.runs, count, is_letter)
        for number in range(1, count + 1):
            self.history.expect("invoice_escalation", f"invoice:{run.name}-{number}")
        return run

    @staticmethod
    def due(is_letter):
        return dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date() - dt.timedelta(days=12 if is_letter else 25)

    def new_folder(self, count):
        """The same as CSV files, for an import; answers the run and the folder."""
        run, due = self.begin_run(count, True), self.due(True)
        folder = self.root / f"import{self.runs}"
        folder.mkdir()
        ids = [f"{run.name}-{n}" for n in range(1, count + 1)]
        support.write_csv(folder / "facilities.csv", [dict(facility=i, name=f"Clinic {i}", type="iop") for i in ids])
        support.write_csv(folder / "contacts.csv", [dict(contact=i, facility=i, name="Bill", email=f"{i}@clinic.example",
                                                         role="billing") for i in ids])
        support.write_csv(folder / "invoices.csv", [dict(invoice=i, facility=i, issued_on=due - dt.timedelta(days=30),
                                                         due_on=due, amount="100.00") for i in ids])
        return run, folder

    def plan(self):
        """As an admin who types `tickler run`."""
        self.admins("run", "invoice_escalation")

    def plan_by_scheduler(self):
        """As after an hour in which the office was shut: the calendar catches up."""
        self.sql("UPDATE occurrence SET nominal = nominal - interval '61 min' WHERE worker = 'invoice_escalation'")
        self.sql("NOTIFY tickler")

    def admins(self, *words):
        done = subprocess.run([self.admin / "tickler", "--dir", self.dir, *words], text=True, capture_output=True,
                              timeout=120, env=self.environment())
        assert done.returncode == 0, f"tickler {' '.join(words)}: {done.stderr}"

    def command(self, *words):
        """Starts `tickler` of the debug build, which may meet its end."""
        return subprocess.Popen([self.bin / "tickler", "--dir", self.dir, *map(str, words)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=self.environment())

    # --- kills

    def arm(self, point, nth=1, action="kill"):
        self.mark.unlink(missing_ok=True)
        fresh = self.root / "wish.new"
        fresh.write_text(f"{point}:{nth}:{action}")
        fresh.rename(self.wish)

    def passed(self):
        """Waits until the point was reached and has ended its process, or stopped it."""
        self.wait(lambda: self.mark.exists() and self.mark.read_text().endswith("\n"), "the kill point", 30)
        pid = int(self.mark.read_text().split()[0])
        self.wait(lambda: self.state_of(pid) in "ZT", "the process at the kill point to end or stop")
        if pid == self.daemon.pid and self.state_of(pid) == "Z":
            self.daemon.wait()  # its other threads may still be ending

    @staticmethod
    def state_of(pid):
        """The state letter of a process as the kernel has it; Z when it is gone."""
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return "Z"

    def disarm(self):
        self.wish.unlink(missing_ok=True)

    @contextlib.contextmanager
    def gate(self, name):
        """Closed while the block runs, or until Postgres is gone."""
        with contextlib.closing(psycopg2.connect(host=str(self.dir / "run/postgres"), dbname="ticklerd",
                                                 user="ticklerd_owner")) as keeper:
            keeper.autocommit = True
            keeper.cursor().execute("SELECT pg_advisory_lock(%s)", (KEYS[name],))
            yield

    def waits_at(self, name):
        self.wait(lambda: self.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                                   "AND objid = %s", KEYS[name]) > 0, f"somebody at the gate '{name}'", 20)

    def kill(self, *programs):
        pids = [pid for program in programs for pid in self.pids(program)]
        assert pids, f"no {programs} to kill"
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_tree(self):
        """Every process of the house, servers and their children too, as when the power goes."""
        while pids := holders(self):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self.daemon.wait()
        self.disconnect()

    def disconnect(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def kill_supervisor(self):
        self.disconnect()  # a Postgres that was told to end waits for its clients
        self.daemon.kill()
        self.daemon.wait()

    def start_blind(self):
        """Starts the daemon and waits for nothing."""
        self.disconnect()
        self.start(wait=False)

    def revive(self):
        """Starts the daemon where it is gone, and waits until all of it is back."""
        if self.daemon.poll() is not None:
            self.start_blind()
        self.wait(self.is_up, "the daemon to be up")

    # --- what must hold

    def drain(self):
        left = "SELECT count(*) FROM job WHERE worker IN ('invoice_escalation', 'task_desk') AND state <> 'parked'"
        self.wait(lambda: self.one(left) == 0, "the queue to drain", 60)
        parked = self.one("SELECT count(*) FROM job WHERE state = 'parked'")
        assert parked == 0, f"{parked} jobs are parked after one death"
        self.wait(lambda: self.one("SELECT count(*) FROM message WHERE state = 'sending'") == 0, "every letter on record")

    def check(self, run):
        """One run's work after the drain: every step fired once, every letter there once. Answers the letters in doubt."""
        fired = self.one("SELECT count(*) FROM fired f JOIN invoice i ON i.invoice_id = f.subject_id WHERE "
                         "f.worker = 'invoice_escalation' AND f.outcome = 'done' AND i.ext_id LIKE %s", run.name + "-%")
        assert fired == run.count, f"{fired} steps fired of {run.count}"
        if not run.is_letter:
            tasks = self.one("SELECT count(*) FROM task WHERE step = 'call' AND party LIKE %s", f"facility:{run.name}-%")
            assert tasks == run.count, f"{tasks} tasks of {run.count}"
            return 0
        states = dict(self.sql("SELECT state, count(*) FROM message WHERE party LIKE %s GROUP BY 1",
                               f"facility:{run.name}-%"))
        unknown = states.get("unknown", 0)
        assert states.get("sent", 0) + unknown == run.count, f"the outbox holds {states} for {run.count} letters"
        arrived = [to for to in self.arrivals() if run.has(to)]
        assert len(arrived) == len(set(arrived)), "a letter arrived twice"
        assert run.count - unknown <= len(arrived) <= run.count, f"{len(arrived)} letters arrived of {run.count}"
        assert unknown == 0 or self.relay, "a Maildir can be asked: nothing in it is in doubt"
        return unknown

    def arrivals(self):
        """Every letter's recipient, from the relay's log or the Maildir's files."""
        if self.relay:
            return [row["to"] for row in self.relay.letters]
        for path in self.maildir():
            if path.name not in self.letters_seen:
                self.letters_seen[path.name] = email.message_from_bytes(path.read_bytes())["To"].split("<")[-1].strip(">")
        return list(self.letters_seen.values())

    def check_at_the_end(self):
        """The whole history before the judge, and what the sanitizers have to say."""
        Judge(self, self.history, letters=of_server(self.relay) if self.relay else in_maildir(self)).check()
        words = [line for line in self.log.read_text(errors="replace").splitlines()
                 if "Sanitizer" in line or "runtime error:" in line or "assertion" in line.lower()]
        assert not words, words[:5]
