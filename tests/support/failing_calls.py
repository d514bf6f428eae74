"""The plan of a failing call: which call of which program fails, how, and what came of it.

    calls = FailingCalls(house.root, house.bin, "calls")
    calls.arm("tickler", "pq", nth=3, manner="lost")
    ...                                         # run the real programs: they inherit the environment
    calls.disarm(); calls.seen, calls.failed, calls.where

The programs map the same file (failing_plan.h), so a plan can be laid while they run, and counts go over all of them.
"""
import mmap
import os
import pathlib
import struct

LAYOUT = struct.Struct("32s16s16sqqqq64s")
NTH_AT = 64


class FailingCalls:
    def __init__(self, folder, library_dir, library):
        self.path = pathlib.Path(folder) / "failing.plan"
        self.path.write_bytes(bytes(LAYOUT.size))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), LAYOUT.size)
        preload = pathlib.Path(library_dir) / f"libfailing_{library}.so"
        # The exit code tells what a sanitizer found from what the program refuses.
        self.environment = {"FAILING_PLAN": str(self.path), "LD_PRELOAD": str(preload),
                            "ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0:exitcode=99"}

    def arm(self, program, kind, nth, manner="", forever=False):
        self.disarm()
        fields = [word.encode() for word in (program, kind, manner)]
        self.map[:] = LAYOUT.pack(*fields, 0, int(forever), 0, 0, b"")
        self.map[NTH_AT:NTH_AT + 8] = struct.pack("q", nth)

    def disarm(self):
        self.map[NTH_AT:NTH_AT + 8] = bytes(8)

    def _field(self, number):
        return LAYOUT.unpack(self.map[:])[number]

    @property
    def seen(self):
        return self._field(5)

    @property
    def failed(self):
        return self._field(6)

    @property
    def where(self):
        return self._field(7).split(b"\0")[0].decode()
