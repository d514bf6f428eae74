"""The supervisor: one a directory, children back at once, crash loops parked, bad edits refused, a clean end."""
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

import house as support
from house import House


def test_second_supervisor_is_refused(house):
    """Often, and two at a time; the first one's children are left alone."""
    before, starts, slowest = house.processes(), 500 if os.environ.get("TICKLER_TIER") == "full" else 20, 0.0
    for _ in range(starts // 2):
        begun = support.time.monotonic()
        pair = [subprocess.Popen([house.bin / "ticklerd", "--dir", house.dir], text=True, stderr=subprocess.PIPE)
                for _ in range(2)]
        for second in pair:
            words = second.communicate(timeout=60)[1]
            assert second.returncode == 1 and f"another ticklerd (process {house.daemon.pid}) works on" in words, words
        slowest = max(slowest, support.time.monotonic() - begun)
    assert house.processes() == before and house.tickler("status"), "a refused start touched the house"
    print(f"  {starts} starts beside a running one: all refused, the slowest pair in {slowest:.2f} s")


def test_killed_children_are_back(house):
    for program in ("ticklerd-scheduler", "ticklerd-invoice-escalation", "ticklerd-task-desk", "redis-server"):
        find = lambda: [p for p, line in house.processes().items() if program in line]
        old = find()
        os.kill(old[0], signal.SIGKILL)
        house.wait(lambda: len(find()) == len(old) and old[0] not in find(), f"{program} to be back", 10)


def test_postgres_killed_is_back(house):
    pid = int((house.dir / "postgres/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    house.wait(lambda: int((house.dir / "postgres/postmaster.pid").read_text().split()[0]) != pid, "a new postmaster")
    house.wait(lambda: house.one("SELECT count(*) FROM agency") == 1, "the database")


def test_reload(house):
    schedule = house.dir / "config/schedules/invoice_escalation.yaml"
    good = schedule.read_text()
    schedule.write_text(good.replace("catch_up: latest", "catchup: latest").replace('run: "0 9', 'run: "0 99'))
    done = house.tickler("reload", check=False)
    assert done.returncode == 1 and "the running configuration stays in force" in done.stderr, done.stderr
    assert "unknown key 'catchup'; did you mean 'catch_up'?" in done.stderr and "the hour '99' is not allowed" in done.stderr
    in_force = house.dir / "run/in_force/schedules/invoice_escalation.yaml"
    assert in_force.read_text() == good
    os.kill(house.pids("ticklerd-scheduler")[0], signal.SIGKILL)  # comes back with what is in force, not with the bad edit
    house.wait(house.is_up, "the daemon to be up")
    schedule.write_text(good.replace('run: "0 9 * * mon-fri"', 'run: "30 7 * * mon-fri"'))
    assert "reloaded" in house.tickler("reload")
    assert "30 7" in in_force.read_text()
    house.wait(house.is_up, "the daemon to be up")
    digest = hashlib.sha256(in_force.read_bytes()).hexdigest()
    house.wait(lambda: house.one("SELECT digest FROM schedule WHERE worker = 'invoice_escalation'") == digest,
               "the new schedule to be applied")


def test_watchdog_needs_progress(house):
    """READY and WATCHDOG reach systemd's socket; WATCHDOG stops while the scheduler hangs, and it is replaced."""
    house.stop()
    path = house.root / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(60)
        os.environ.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="400000")
        try:
            house.start(wait=False)  # a socket that nobody reads is full after ten words
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        seen = ""
        while "READY=1\nSTATUS=running" not in seen or "WATCHDOG=1" not in seen:
            seen += listener.recv(1000).decode() + "\n"
        scheduler = house.pids("ticklerd-scheduler")[0]
        os.kill(scheduler, signal.SIGSTOP)
        try:
            listener.settimeout(3)  # ten seconds of grace, then silence for over three
            deadline = support.time.monotonic() + 40
            silent = False
            while not silent and support.time.monotonic() < deadline:
                try:
                    listener.recv(1000)
                except TimeoutError:
                    silent = True
            assert silent, "systemd was told of progress while the scheduler hung"
        finally:
            os.kill(scheduler, signal.SIGCONT)
        listener.settimeout(20)
        while "WATCHDOG=1" not in listener.recv(1000).decode():
            pass


def test_status_when_down(house):
    house.stop()
    done = house.tickler("status", check=False)
    assert done.returncode == 1 and "does not answer; is ticklerd running?" in done.stderr, done.stderr


def test_sigterm_leaves_nothing(house):
    house.start()
    took = house.stop()
    assert took < 20, took
    assert not list((house.dir / "run/postgres").glob("*")), "Postgres left its socket"
    print(f"  SIGTERM took {took:.1f} s")


def test_stale_files_do_not_matter(house):
    (house.dir / "run/lock").write_text("999999\n")
    (house.dir / "run/control").touch()
    (house.dir / "run/redis.sock").touch()
    house.start()
    house.stop()


def test_a_crash_loop_is_parked():
    with House() as house:
        house.init()
        fake = pathlib.Path(tempfile.mkdtemp(prefix="tk-b-", dir="/tmp"))
        for program in house.bin.glob("tickler*"):
            (fake / program.name).write_bytes(program.read_bytes())
            (fake / program.name).chmod(0o755)
        (fake / "ticklerd-task-desk").write_text("#!/bin/sh\nexit 3\n")
        house.bin = fake
        house.start()
        parked = lambda: [p for p in house.json("status")[0]["daemon"]["processes"] if p["process"] == "task_desk/1"
                          and p["state"] == "parked"]
        house.wait(parked, "the class to be parked", 70)
        assert house.pids("ticklerd-scheduler") and house.pids("ticklerd-invoice-escalation"), "the others go on"
        house.wait(lambda: house.one("SELECT count(*) FROM task WHERE title = 'A room ends whenever it is started'") == 1,
                   "a person to be told")
        house.wait(lambda: not list((house.dir / "run/parked").iterdir()), "the word to be taken")
        assert "task_desk/1 was started again and again" in house.one("SELECT reason FROM task WHERE step = 'parked'")
        house.stop()
        support.shutil.rmtree(fake)


def refused(*words, **options):
    done = subprocess.run(list(map(str, words)), text=True, capture_output=True, timeout=60, **options)
    assert done.returncode in (1, 2), (words, done.returncode)
    return done.stderr


def test_what_cannot_start():
    with House() as house:
        program = house.bin / "ticklerd"
        assert "too long" in refused(program, "--dir", house.root / ("x" * 110))
        locked = house.root / "locked"
        locked.mkdir(0o500)
        assert "cannot lock" in refused(program, "--dir", locked / "state")
        assert "--dir DIR is missing" in refused(program)
        assert "nknown option" in refused(program, "--dirr", "x")
        config = house.dir / "config"
        house.init()
        (config / "ticklerd.yaml").write_text("mail: {relay: {url: smtp://x, user: a, password: secret}}\n")
        words = refused(program, "--dir", house.dir)
        assert "a secret never stands in YAML" in words and "problems in" in words, words


def main():
    with House() as house:
        house.init()
        house.start()
        for function in (test_second_supervisor_is_refused, test_killed_children_are_back, test_postgres_killed_is_back,
                         test_reload, test_watchdog_needs_progress, test_status_when_down, test_sigterm_leaves_nothing,
                         test_stale_files_do_not_matter):
            function(house)
            print(f"ok {function.__name__}", flush=True)
    for function in (test_a_crash_loop_is_parked, test_what_cannot_start):
        function()
        print(f"ok {function.__name__}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
