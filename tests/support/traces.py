"""What a house leaves behind: processes, descriptors, temporary files, locks and sockets."""
import fcntl
import os
import pathlib

SERVERS = ("postgres", "redis")  # they keep descriptors as they like


class Traces:
    """The descriptors of the living, to be compared with later."""

    def __init__(self, house):
        self.descriptors = {pid: descriptors(pid) for pid in own_programs(house)}

    def more_descriptors(self, house, more=16):
        """Sentences about living processes that have over `more` descriptors more than then: lines to relay and
        database may be new."""
        for pid, line in own_programs(house).items():
            had, has = self.descriptors.get(pid), descriptors(pid)
            if had and has > had + more:
                yield f"process {pid} ({program(line)}) has {has} descriptors, it had {had}"


def own_programs(house):
    return {pid: line for pid, line in house.processes().items()
            if not any(server in line.split(" ")[0] for server in SERVERS)}


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def program(line):
    return pathlib.PurePath(line.split(" ")[0]).name


def leftovers(house):
    """Sentences about all that is left of a house that was stopped."""
    for pid, line in holders(house).items():
        yield f"process {pid} ({line}) is left"
    for path in (house.dir / "mail/tmp").glob("*"):
        yield f"temporary file {path.name} is left in the Maildir"
    for path in house.dir.rglob("*"):
        if path.is_socket():
            yield f"socket {path.relative_to(house.dir)} is left"
        elif path.name == "postmaster.pid":
            yield f"lock {path.relative_to(house.dir)} is left"
        elif path.is_file() and path.suffix in (".tmp", ".new") and "postgres" not in path.parts:
            yield f"temporary file {path.relative_to(house.dir)} is left"
        elif path.name.endswith("lock") and path.is_file() and is_locked(path):
            yield f"lock {path.relative_to(house.dir)} is held by somebody"
    for path in house.temporary.iterdir():
        yield f"temporary file {path.name} is left in $TMPDIR"


def holders(house):
    """Processes that name the directory, work in it or hold a file of it open, whoever started them."""
    found, me = {}, str(house.dir)
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            links = [os.readlink(entry / "cwd")] + [os.readlink(fd) for fd in (entry / "fd").iterdir()]
        except OSError:
            continue  # gone meanwhile, or somebody else's
        if line and (me in line or any(link.startswith(me) for link in links)):
            found[int(entry.name)] = line.split(" ")[0]
    return found


def is_locked(path):
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
