"""A COMMIT whose answer never comes is neither believed nor repeated: Postgres is asked what became of it. The connection
goes through a proxy that breaks it before the COMMIT arrives, or after it was carried out."""
import contextlib
import pathlib
import socket
import subprocess
import sys
import threading

import house as support
from house import House


class Breaker:
    """Forwards a Postgres unix socket; breaks the first connection that says COMMIT, before or after the server did it."""

    def __init__(self, server, folder, when):
        self.server, self.when, self.broken = str(server), when, False
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


def commit(house, break_it=None, when=None):
    """Runs the probe; `when` puts the proxy between, `break_it` acts before the COMMIT."""
    house.sql("DELETE FROM probe")
    host = house.dir / "run/postgres"
    if when:
        host = Breaker(host / ".s.PGSQL.5432", house.root / f"proxy-{when}", when).folder
    probe = subprocess.Popen([house.bin / "commit_probe", f"host={host} dbname=ticklerd user=ticklerd_owner"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert probe.stdout.readline() == "written\n"
    if break_it:
        break_it()
    said, _ = probe.communicate("go\n", timeout=60)
    assert probe.returncode == 0, f"the probe left with {probe.returncode}"
    return said.strip(), house.one("SELECT count(*) FROM probe")


def main():
    with House() as house:
        house.init()
        house.start()
        house.sql("CREATE TABLE probe (n int)")

        def end_backends():
            house.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'commit_probe'")

        assert commit(house) == ("committed", 1)
        said, rows = commit(house, break_it=end_backends)
        assert said.startswith("lost") and rows == 0, said
        said, rows = commit(house, when="before")
        assert said.startswith("lost") and "did not commit" in said and rows == 0, said
        assert commit(house, when="after") == ("committed", 1)
        print("ok: four commits, each told as it was")


if __name__ == "__main__":
    support.leave_root()
    main()
