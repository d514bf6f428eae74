"""Servers of a scene's own, outside of the house that uses them: a Postgres and a standby that takes over."""
import os
import pathlib
import shutil
import signal
import subprocess

import psycopg2

import house as support
from fault_words import Refused, verb

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


class Postgres:
    """One server; its socket is in its folder."""

    def __init__(self, folder):
        self.folder, self.process = folder, None
        folder.mkdir(parents=True)

    def program(self, name, *words):
        with open(self.folder / "set-up.log", "ab") as log:
            subprocess.run([PROGRAMS / name, *map(str, words)], check=True, stdout=log, stderr=log)

    def make(self):
        self.program("initdb", "-D", self.folder / "data", "-U", "ticklerd_owner", "--auth=trust", "--no-locale", "-E",
                     "UTF8", "--no-sync")

    def copy(self, primary):
        self.program("pg_basebackup", "-h", primary.folder, "-U", "ticklerd_owner", "-D", self.folder / "data", "-R",
                     "--checkpoint=fast", "--no-sync")

    def start(self, *options):
        words = [word for option in (f"unix_socket_directories={self.folder}", "listen_addresses=", *options)
                 for word in ("-c", option)]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAMS / "postgres", "-D", self.folder / "data", *words], stdout=log,
                                            stderr=log)
        support.House.wait(lambda: self.ask("SELECT 1", "postgres"), f"{self.folder.name} to answer")

    def ask(self, question, database="ticklerd"):
        line = psycopg2.connect(host=str(self.folder), dbname=database, user="ticklerd_owner")
        try:
            line.autocommit = True
            with line.cursor() as cursor:
                cursor.execute(question)
                return cursor.fetchone()[0] if cursor.description else None
        finally:
            line.close()

    def processes(self):
        """The postmaster and all that it started."""
        mine = [self.process.pid]
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    mine.append(int(entry.name))
            except OSError:
                continue  # gone meanwhile
        return mine

    def end(self):
        """All of it at once, as when its machine dies."""
        if self.process and self.process.poll() is None:
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()


def open_servers(office, stack):
    """Makes what the office names, and its configuration with where they are."""
    if set(office.servers) != {"postgres", "standby"}:
        raise Refused(f"known are postgres and standby, together; not {', '.join(office.servers)}")
    house = office.house
    primary, standby = (Postgres(house.root / name) for name in ("one", "two"))
    office.servers.update(postgres=primary, standby=standby)
    for server in (primary, standby):
        stack.callback(server.end)
    primary.make()
    primary.start()
    primary.ask("CREATE DATABASE ticklerd", "postgres")
    standby.copy(primary)
    standby.start("synchronous_standby_names=")
    primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.ask("SELECT pg_reload_conf()")
    hosts = f"{primary.folder},{standby.folder}"
    house.database = dict(host=hosts, dbname="ticklerd", user="ticklerd_owner", target_session_attrs="read-write")
    url = f"host={hosts} dbname=ticklerd target_session_attrs=read-write"
    shutil.copytree(support.SOURCE / "config", house.dir / "config")
    house.edit(house.dir / "config/ticklerd.yaml", lambda document: document.update(postgres={
        "url": f"{url} user=ticklerd_app", "owner_url": f"{url} user=ticklerd_owner"}))


@verb
def fail_over(scene):
    """The primary's last COMMITs do not reach the standby, and nobody hears of them: it dies as a whole, the standby
    takes over, and gives their numbers to other transactions."""
    primary, standby = scene.office.servers["postgres"], scene.office.servers["standby"]
    sender = primary.ask("SELECT pid FROM pg_stat_replication")
    os.kill(sender, signal.SIGSTOP)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE '%inv%'"
    support.House.wait(lambda: primary.ask(waiting), "a worker's COMMIT to wait for the standby")
    scene.counts["COMMITs without an answer"] = primary.ask(waiting)
    primary.end()
    standby.ask("SELECT pg_promote()")
    for _ in range(50):
        standby.ask("SELECT pg_current_xact_id()")
    scene.office.history.fault("failed over")
