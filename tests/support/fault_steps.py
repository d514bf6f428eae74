"""Steps of any fault scene: plan, wait, drain, and what is done to processes."""
import os
import signal
import time

import psycopg2

from fault_words import Refused, verb

ROOM = "invoice_escalation"
PROGRAMS = {"worker": "ticklerd-invoice-escalation", "scheduler": "ticklerd-scheduler"}


def processes(scene, what):
    """The process ids of a worker, scheduler, supervisor, postgres (its postmaster), backend (of the product) or redis."""
    house = scene.house
    if what == "supervisor":
        return [house.daemon.pid]
    if what in PROGRAMS:
        return house.pids(PROGRAMS[what])
    if what == "redis":
        return [pid for pid, line in house.processes().items() if "redis-server" in line]
    if what == "postgres":
        return [int((house.dir / "postgres/postmaster.pid").read_text().split()[0])]
    if what == "backend":
        return [pid for pid, in house.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'ticklerd_app'")]
    raise Refused(f"there is no process '{what}'; known are supervisor, postgres, backend, redis, {', '.join(PROGRAMS)}")


def some(scene, what, rng=None):
    """One of them, waited for."""
    found = sorted(scene.house.wait(lambda: processes(scene, what), f"a {what}"))
    return rng.choice(found) if rng else found[0]


@verb
def run(scene, room=ROOM):
    """Plans a room now."""
    scene.house.tickler("run", room)


@verb
def wait(scene, letters=None, sql=None, is_=True, log=None, patience=60):
    """Until so many letters arrived, a question answers `is`, or the log says a sentence."""
    house = scene.house
    if letters is not None:
        house.wait(lambda: scene.office.arrived_count() >= scene.number(letters), f"{letters} letters", patience)
    if sql is not None:
        house.wait(lambda: house.one(sql) == is_, f"{sql} to be {is_}", patience)
    if log is not None:
        house.wait(lambda: log in house.log.read_text(errors="replace"), f"the log to say '{log}'", patience)


@verb
def drain(scene, patience=120, retry_parked=True):
    """Until the queue is empty and no letter is under way. A job that was in hand at three deaths is tried again, as an
    admin would; `retry_parked: false` leaves it."""
    house = scene.house
    if retry_parked:
        house.drain(patience=patience)
    else:
        house.wait(lambda: house.one("SELECT count(*) FROM job WHERE state <> 'parked'") == 0, "the drain", patience)
    house.wait(lambda: house.one("SELECT count(*) FROM message WHERE state = 'sending'") == 0, "every letter on record",
               patience)


@verb
def kill(scene, what, times=1, seed=0, number="KILL"):
    """Ends a process: once, now; or `times` times, each when a random count of letters more has arrived."""
    rng = scene.rng(seed) if seed else None
    moments = sorted(rng.sample(range(1, scene.office.letters - 20), times)) if times > 1 else [None]
    for moment in moments:
        if moment is not None:
            wait(scene, letters=moment, patience=120)
        pid = some(scene, what, rng)
        try:
            os.kill(pid, signal.Signals[f"SIG{number}"])
        except ProcessLookupError:
            continue  # it had just ended by the last one
        scene.count(f"{what} ended")
        scene.office.history.fault(f"{what} {pid} ended by SIG{number}")
        if what == "supervisor":
            scene.house.daemon.wait()
            scene.office.start()


@verb
def stop(scene, what, all_=False):
    """SIGSTOP; the scene's end continues it in any case."""
    for pid in processes(scene, what) if all_ else [some(scene, what)]:
        os.kill(pid, signal.SIGSTOP)
        scene.marks.setdefault(what, []).append(pid)
        scene.undo.append(lambda pid=pid: resume(pid))


def resume(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass  # it was ended meanwhile, as it should


@verb
def continue_(scene, what):
    for pid in scene.marks.pop(what):
        resume(pid)


@verb
def pause(scene, what, times, for_s, every_s):
    """Stops and continues it in bursts: slow, not gone."""
    for _ in range(times):
        stop(scene, what, all_=True)
        time.sleep(for_s)
        continue_(scene, what)
        time.sleep(every_s)
        scene.count(f"{what} paused")


@verb
def terminate(scene, within_s):
    """SIGTERM to the supervisor; it must be gone in time, with everything else."""
    took = scene.house.stop()
    assert took < within_s, f"SIGTERM took {took:.1f} s"
    scene.counts["SIGTERM took"] = f"{took:.1f} s"


@verb
def start(scene):
    scene.office.start()


@verb
def write(scene, sql):
    """One statement, as the owner."""
    try:
        scene.house.sql(sql)
    except psycopg2.OperationalError:
        scene.house.sql(sql)  # the connection was of before the fault


@verb
def permit(scene, path, mode):
    """Changes the permissions of a file or folder below the state directory; `mode` is octal text."""
    target = scene.house.dir / path
    scene.house.wait(target.exists, path)
    target.chmod(int(mode, 8))
