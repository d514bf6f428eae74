"""An office at rest for commands to work on: a Postgres of its own and a database that is put back as it was."""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import psycopg2

from failing_calls import FailingCalls
from house import House, open_window

# What differs from run to run without meaning: the moment, the numbers that sequences gave (what was rolled back has used
# some up), digests over both.
UNSTABLE_WORD = r"\d{4}-\d\d-\d\d[T ][0-9:.]+|task:\d+"
UNSTABLE = re.compile(r"(_id|_at|hash|digest|xid|prev|until|beat|seq|internet)$")


class Office(House):
    """Made once, with letters, tasks and a queue on record; `restore()` puts the database and the folders back."""

    def __init__(self):
        super().__init__()
        self.server = None
        self.plain = self.bin
        self.sanitized = pathlib.Path(os.environ.get("TICKLER_DEBUG_BIN", self.bin))

    def use(self, library):
        """Which programs, and whose calls may fail: "calls" or "malloc" (a sanitizer has an allocator of its own)."""
        self.bin = self.plain if library == "malloc" else self.sanitized
        self.calls = FailingCalls(self.root, self.bin, library)

    def prepare(self, therapists=8):
        self.init()
        open_window(self)
        for room in ("invoice_escalation", "license_renewal", "check_in", "payer_followup", "onboarding_packet"):
            self.schedule(room, stop_if_data_older_than=None, storm_brake=0)
        self.tickler("demo", "--out", self.root / "demo", "--therapists", therapists)
        self.start()
        self.tickler("import", "--dir", self.root / "demo")
        for room in ("invoice_escalation", "license_renewal", "payer_followup"):
            self.tickler("run", room)
        self.wait(lambda: self.one("SELECT count(*) FROM task") and
                  self.one("SELECT count(*) FROM job WHERE state = 'ready'") == 0, "the rooms to be done", 120)
        self.stop()
        self.start_postgres()
        self.as_postgres("ALTER DATABASE ticklerd RENAME TO base")
        shutil.copytree(self.dir, self.root / "kept", ignore=shutil.ignore_patterns("postgres", "run"), symlinks=True)
        self.restore()

    def start_postgres(self):
        version = max(os.listdir("/usr/lib/postgresql"), key=int)
        with open(self.root / "postgres.log", "ab") as log:
            self.server = subprocess.Popen(
                [f"/usr/lib/postgresql/{version}/bin/postgres", "-D", self.dir / "postgres", "-c", "listen_addresses=",
                 "-c", f"unix_socket_directories={self.dir}/run/postgres", "-c", "fsync=off"], stdout=log, stderr=log)
        self.wait(lambda: self.as_postgres("SELECT 1"), "Postgres")

    def stop_postgres(self):
        if self.server:
            self.server.send_signal(signal.SIGINT)
            self.server.wait(30)
        self.server = None

    def __exit__(self, *details):
        if self.connection:
            self.connection.close()
            self.connection = None
        self.stop_postgres()
        super().__exit__(*details)

    def as_postgres(self, *statements):
        connection = psycopg2.connect(host=str(self.dir / "run/postgres"), dbname="postgres", user="ticklerd_owner")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()
        return True

    def restore(self):
        if self.connection:
            self.connection.close()
            self.connection = None
        self.as_postgres("DROP DATABASE IF EXISTS ticklerd WITH (FORCE)",
                         "CREATE DATABASE ticklerd TEMPLATE base STRATEGY file_copy")
        for entry in self.dir.iterdir():
            if entry.name not in ("postgres", "run"):
                shutil.rmtree(entry)
        shutil.copytree(self.root / "kept", self.dir, dirs_exist_ok=True)

    def state(self):
        """{table or file: digest}: equal when nothing that means something differs."""
        found = {}
        columns = self.sql("""SELECT c.table_name, c.column_name FROM information_schema.columns c
            JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type NOT IN (%s, 'bytea')
            ORDER BY 1, c.ordinal_position""", "timestamp with time zone")
        tables = {}
        for table, column in columns:
            if not UNSTABLE.search(column):
                tables.setdefault(table, []).append(f'"{column}"')
        text = "\nUNION ALL ".join(
            f"SELECT '{table}', count(*), md5(string_agg(line, '|' ORDER BY line)) FROM "
            f"(SELECT regexp_replace(r::text, '{UNSTABLE_WORD}', '', 'g') AS line FROM (SELECT {', '.join(names)} FROM {table}) r) l"
            for table, names in tables.items())
        found = {table: (count, digest) for table, count, digest in self.sql(text)}
        for path in self.dir.rglob("*"):
            place = path.relative_to(self.dir)
            if path.is_file() and place.parts[0] not in ("postgres", "run"):
                found[str(place)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found
