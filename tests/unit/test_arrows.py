"""The house's arrows: who may include and link whom (README, "The house"), and one file per vendor.

The rules are data; the same checker is shown planted violations first, so that it is known to be able to fail.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A header of this vendor may be included by this file and no other.
VENDORS = {
    r"libpq-fe\.h|libpq/": "daemon/lib/db_shared.h",
    r"czmq\.h|zmq\.h": "daemon/lib/bus.c",
    r"hiredis/": "daemon/lib/meter.c",
    r"yaml\.h": "daemon/lib/yaml_tree.c",
    r"libical/": "daemon/lib/recur.c",
    r"gmime/": "daemon/lib/mime.c",
    r"curl/": "daemon/lib/transfer.c",
    r"mustache\.hpp|kainjow/|mustache/": "daemon/lib/template.cc",
    r"jansson\.h": "daemon/lib/js.c",
    r"sodium\.h": "daemon/lib/crypto.c",
    r"systemd/": "daemon/lib/notify.c",
}
# The base storey: pure, told the time, resting on GLib and each other only.
BASE = {"attr", "day", "zone", "bizday", "ladder", "window", "problems", "wire", "clock"}
PROGRAMS = ("daemon/supervisor", "daemon/scheduler", "daemon/ctl", "daemon/console")
# Only daemon/lib/clock.c asks the time; SQL is told it.
ASKS_TIME = re.compile(r"\b(time|gettimeofday|clock_gettime|g_get_real_time|g_date_time_new_now\w*)\s*\(")
SQL_ASKS_TIME = re.compile(r"\bnow\s*\(|\bcurrent_(date|time|timestamp)\b|\bclock_timestamp\b", re.I)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
LINK = re.compile(r"target_link_libraries\(\s*(\S+)\s+([^)]*)\)")


def home(path):
    """The room or part that a file belongs to: daemon/lib, daemon/ctl, workers/check_in, ..."""
    return "/".join(path.split("/")[:2])


def violations(files):
    """files: {path: text} of sources, headers and CMakeLists. Yields one sentence per wrong arrow."""
    headers = {}
    for path in files:
        if path.endswith(".h"):
            headers.setdefault(path.rsplit("/", 1)[1], set()).add(home(path))
    for path, text in files.items():
        if path.endswith("CMakeLists.txt"):
            yield from wrong_links(path, text)
            continue
        if path.endswith(".sql"):
            if SQL_ASKS_TIME.search(re.sub(r"--.*", "", text)):
                yield f"{path} asks the time: it is a parameter"
            continue
        if ASKS_TIME.search(text) and path != "daemon/lib/clock.c":
            yield f"{path} asks the time: only daemon/lib/clock.c may"
        for bracket, name in INCLUDE.findall(text):
            for pattern, owner in VENDORS.items():
                if bracket == "<" and re.match(pattern, name) and path != owner:
                    yield f"{path} includes {name}: only {owner} may"
            if bracket == "<":
                continue
            short = name.rsplit("/", 1)[-1]
            homes = headers.get(short, set())
            for target in {home(path)} if home(path) in homes and "/" not in name else homes:
                if short.endswith("_sql.h") or target == home(path):
                    continue
                if target != "daemon/lib":
                    yield f"{path} includes {name} of {target}: arrows point down, to daemon/lib only"
            if home(path) == "daemon/supervisor" and short == "db.h":
                yield f"{path} includes db.h: the supervisor holds no database connection"
            stem, module = pathlib.Path(path).stem, pathlib.Path(short).stem
            if home(path) == "daemon/lib" and stem in BASE and module not in BASE:
                yield f"{path} includes {name}: the base storey rests on GLib and itself"
            if module == "db_shared" and not path.startswith("daemon/lib/db"):
                yield f"{path} includes {name}: what lies behind db.h is for the files db*.c"
            if home(path) == "daemon/lib" and not stem.startswith(("room", "outbox")) and module in ("room", "outbox"):
                yield f"{path} includes {name}: the worker skeleton is the top storey"


def wrong_links(path, text):
    part = home(path)
    if part not in PROGRAMS and not part.startswith("workers/"):
        return
    for target, libraries in LINK.findall(text):
        for library in libraries.split():
            if library not in ("PRIVATE", "libtickler"):
                yield f"{path} links {target} with {library}: a program links libtickler alone"
    for source in re.findall(r"\.\./\S+\.c\b", text):
        yield f"{path} compiles {source} of another folder"


PLANTED = {
    "daemon/lib/day.h": "",
    "daemon/lib/db.h": "",
    "workers/check_in/decide.h": "",
    "daemon/supervisor/main.c": '#include "db.h"\n',
    "workers/invoice_escalation/main.c": '#include "../check_in/decide.h"\n#include <libpq-fe.h>\n',
    "daemon/lib/day.c": '#include "db.h"\n',
    "daemon/lib/plan.c": '#include "db_shared.h"\n',
    "daemon/scheduler/main.c": '#include "decide.h"\n',
    "daemon/ctl/sql/list.sql": "SELECT now() -- the time",
    "daemon/ctl/list.c": "long t = time (NULL);",
    "daemon/ctl/CMakeLists.txt": "target_link_libraries(tickler PRIVATE libtickler curl)\n",
}


def main():
    found = list(violations(PLANTED))
    assert len(found) == 9, "the checker must find the nine planted violations, it found:\n" + "\n".join(found)
    files = {}
    for folder in ("daemon", "workers"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".c", ".cc", ".h", ".sql") or path.name == "CMakeLists.txt":
                files[path.relative_to(ROOT).as_posix()] = path.read_text()
    assert len(files) > 20, "no sources found: is this the source tree?"
    wrong = sorted(violations(files))
    print("\n".join(wrong) or f"{len(files)} files, every arrow points down")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
