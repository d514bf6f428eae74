"""A COMMIT whose answer never comes is neither believed nor repeated: Postgres is asked what became of it. The connection
goes through a proxy that breaks it before the COMMIT arrives, or after it was carried out."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import psycopg2

import house as support
from house import House


class Breaker:
    """Forwards a Postgres unix socket; breaks the first connection that says COMMIT, before or after the server did it."""

    def __init__(self, server, folder, when, meanwhile):
        self.server, self.when, self.broken, self.meanwhile = str(server), when, False, meanwhile
        self.done = threading.Event()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.server)
            pair = [client, server]
            threading.Thread(target=self.up, args=pair, daemon=True).start()
            threading.Thread(target=self.down, args=pair, daemon=True).start()

    def up(self, client, server):
        while data := self.read(client):
            if b"COMMIT" in data and not self.broken:
                self.broken = True
                if self.when == "after":
                    server.sendall(data)
                    self.done.wait(10)  # the answer arrived here, and goes no further
                if self.meanwhile:
                    self.meanwhile()
                break
            server.sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def down(self, client, server):
        while data := self.read(server):
            if self.broken and not self.done.is_set():
                self.done.set()
                return
            try:
                client.sendall(data)
            except OSError:
                return

    @staticmethod
    def read(end):
        try:
            return end.recv(65536)
        except OSError:
            return b""


def commit(house, break_it=None, when=None, meanwhile=None):
    """Runs the probe; `when` puts the proxy between, `break_it` acts before the COMMIT, `meanwhile` as it is broken."""
    house.sql("DELETE FROM probe")
    host = house.dir / "run/postgres"
    if when:
        host = Breaker(host / ".s.PGSQL.5432", house.root / f"proxy-{when}-{meanwhile is not None}", when, meanwhile).folder
    probe = subprocess.Popen([house.bin / "commit_probe", f"host={host} dbname=ticklerd user=ticklerd_owner"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert probe.stdout.readline() == "written\n"
    if break_it:
        break_it()
    said, _ = probe.communicate("go\n", timeout=60)
    assert probe.returncode == 0, f"the probe left with {probe.returncode}"
    return said.strip(), house.one("SELECT count(*) FROM probe")


def crash(house):
    """Postgres loses what it has not written yet, and gives the numbers of those transactions to others."""
    life = "SELECT stats_reset FROM pg_stat_bgwriter"  # they begin anew
    before = house.one(life)
    with contextlib.closing(psycopg2.connect(**house.database)) as line, line.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        os.kill(cursor.fetchone()[0], signal.SIGKILL)
    house.wait(lambda: house.one(life) != before, "Postgres to be back")
    for _ in range(50):
        house.sql("SELECT pg_current_xact_id()")


def main():
    with House() as house:
        house.init()
        house.start()
        house.sql("CREATE TABLE probe (n int)")
        house.sql("ALTER SYSTEM SET wal_writer_delay = '10 s'")  # what is not committed is not written soon
        house.sql("SELECT pg_reload_conf()")
        for pid in house.pids("ticklerd-scheduler"):
            os.kill(pid, signal.SIGSTOP)  # nor by somebody's COMMIT

        def end_backends():
            house.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'commit_probe'")

        assert commit(house) == ("committed", 1)
        said, rows = commit(house, break_it=end_backends)
        assert said.startswith("lost") and rows == 0, said
        said, rows = commit(house, when="before")
        assert said.startswith("lost") and "did not commit" in said and rows == 0, said
        assert commit(house, when="after") == ("committed", 1)
        said, rows = commit(house, when="before", meanwhile=lambda: crash(house))
        assert said.startswith(("unsure", "lost")) and rows == 0, said
        print(f"ok: five commits, each told as it was; the last by: {said}")


if __name__ == "__main__":
    support.leave_root()
    main()
