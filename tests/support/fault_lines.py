"""Steps with the lines to Postgres and Redis: they go through a proxy that spoils them as told (fault_proxy.py)."""
import fault_postgres
from fault_proxy import FaultProxy
from fault_words import verb

SOCKETS = {"postgres": "run/postgres/.s.PGSQL.5432", "redis": "run/redis.sock"}


@verb
def proxy(scene, line):
    """From now on every connection to it goes through the proxy; those that do not are ended."""
    at = scene.house.dir / SOCKETS[line]
    behind = at.with_name("behind")  # where a socket's file is moved to, its server is still reached
    at.rename(behind)
    between = FaultProxy(to=behind, at=at).start()
    scene.marks[line, "proxy"] = between

    def take_out():
        between.stop()
        behind.rename(at)
    scene.undo.append(take_out)
    if line == "postgres":
        fault_postgres.disconnect(scene)


@verb
def trap(scene, line, what, seen, after=None, times=1):
    """On so many connections, where `seen` goes to the server; of those only where `after` has passed before."""
    scene.marks[line, "proxy"].up.trap(what, seen=seen.encode(), after=after and after.encode(), times=times)


@verb
def sprung(scene, line, times):
    """Until the traps have closed so often."""
    scene.marks[line, "proxy"].wait_sprung(times)
    for what, _ in scene.marks[line, "proxy"].sprung:
        scene.count(f"{line} {what}")
        scene.office.history.fault(f"{line} {what}")
