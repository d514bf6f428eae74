"""A release's programs know no kill point: no name, no environment, no symbol. The debug build's do."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TICKLER_BIN", ROOT / "build/release/bin"))
DEBUG_BIN = os.environ.get("TICKLER_DEBUG_BIN")
HEADER = (ROOT / "daemon/lib/kill_point.h").read_text()
NAMES = [f"{part}.{place}".encode() for part, place in re.findall(r"POINT\((\w+), (\w+)\)\s+/\*", HEADER)]


def traces(program):
    """What a program knows of kill points."""
    text = program.read_bytes()
    symbols = subprocess.run(["nm", "--defined-only", program], capture_output=True, text=True, check=True).stdout
    found = [name.decode() for name in [*NAMES, b"TICKLER_KILL"] if name in text]
    return found + [line.split()[-1] for line in symbols.splitlines() if "kill_point" in line]


def knowledge(folder):
    programs = sorted(p for p in folder.iterdir() if p.name.startswith("tickler") and p.is_file())
    assert len(programs) >= 9, f"only {len(programs)} programs in {folder}"
    return {p.name: traces(p) for p in programs}


def main():
    assert len(NAMES) >= 27, f"only {len(NAMES)} points in kill_point.h"
    release = knowledge(BIN)
    assert not any(release.values()), {name: found for name, found in release.items() if found}
    print(f"{len(release)} programs, {len(NAMES)} points: none of them is known")
    if DEBUG_BIN:
        debug = knowledge(pathlib.Path(DEBUG_BIN))
        assert all(len(found) > len(NAMES) for found in debug.values()), "the debug build has no kill points"
        print(f"the debug build's {len(debug)} programs know them all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
