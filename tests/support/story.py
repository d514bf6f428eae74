"""A house's data lived on under a virtual clock, with the real processes, and changed on the way.

    with Story(house, date(2028, 1, 3)) as story:
        story.live_until(date(2028, 1, 20))
        story.sql("UPDATE placement SET start_on = ...")
        story.live_until(date(2028, 3, 15))
        story.sql("SELECT ... FROM message")

It works on a copy of the database in the house's own Postgres; letters are recorded and go nowhere.
"""
import datetime as dt
import os
import pathlib
import shutil
import struct
import subprocess
import zoneinfo

import psycopg2
import yaml

ZONE = zoneinfo.ZoneInfo("America/Chicago")


def postgres_program(name):
    return next(p for p in sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True))


class Story:
    def __init__(self, house, first):
        self.house, self.dir, self.clock = house, house.root / "story", house.root / "story/clock"
        self.socket = house.dir / "run/postgres"
        self.connection = None
        self.first = first

    def __enter__(self):
        self.dir.mkdir()
        shutil.copytree(self.house.dir / "config", self.dir / "config")
        if (self.house.dir / "documents").is_dir():
            (self.dir / "documents").symlink_to(self.house.dir / "documents")
        settings = self.dir / "config/ticklerd.yaml"
        document = yaml.safe_load(settings.read_text())
        document["postgres"] = dict(url=self.url("ticklerd_app"), owner_url=self.url("ticklerd_owner"))
        settings.write_text(yaml.safe_dump(document))
        self.clock.write_bytes(struct.pack("=q", self.instant(self.first)))
        self.copy()
        return self

    def __exit__(self, *_):
        if self.connection:
            self.connection.close()

    def url(self, role):
        return f"host={self.socket} dbname=story user={role}"

    @staticmethod
    def instant(day):
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()) * 1_000_000

    def copy(self):
        owner = psycopg2.connect(host=str(self.socket), dbname="ticklerd", user="ticklerd_owner")
        owner.autocommit = True
        owner.cursor().execute("CREATE DATABASE story")
        owner.close()
        dump = subprocess.run([postgres_program("pg_dump"), "-h", self.socket, "-U", "ticklerd_owner", "ticklerd"],
                              check=True, capture_output=True).stdout
        subprocess.run([postgres_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-U", "ticklerd_owner",
                        "story"], input=dump, check=True, stdout=subprocess.DEVNULL)

    def live_until(self, day):
        """Lives on to the end of that day."""
        until = dt.datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZONE).isoformat()
        log = self.dir / "log"
        with open(log, "ab") as out:
            done = subprocess.run([self.house.bin / "ticklerd", "--dir", self.dir, "--database", self.url("ticklerd_app"),
                                   "--redis", "none", "--clock", self.clock, "--record", "--until", until], stdout=out,
                                  stderr=out, timeout=240, env=dict(os.environ))
        assert done.returncode == 0, log.read_text()[-3000:]
        warnings = [line for line in log.read_text().splitlines() if "warning" in line or "error" in line]
        assert not warnings, warnings[:5]

    def tickler(self, *words):
        done = subprocess.run([self.house.bin / "tickler", "--dir", self.dir, *map(str, words)], text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, text, *values):
        if self.connection is None:
            self.connection = psycopg2.connect(self.url("ticklerd_owner"))
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else cursor.rowcount
