#!/usr/bin/python3
"""The fault matrix as data: runs one scene, tests/scenario/faults/NAME.yaml, and judges what is left of it.

    python3 fault_scene.py tests/scenario/faults/worker_killed.yaml

A scene has four keys:
    what:    a sentence: the fault, and what must hold all the same
    office:  letters, rooms, settings, schedule, relay, build ... (Office in fault_office.py)
    steps:   one verb each, in order: `- kill: worker` or `- kill: {what: worker, times: 10, seed: 11}`
    expect:  what must be true at the end: `sent: all`, `unknown: {at_most: 16}`, `log: [...]`
             (expectations in fault_judge.py)

Verbs and expectations are the marked functions of fault_*.py; their parameters are the keys that a scene may write, and
an unknown one is refused with a sentence before anything starts. A count is a number, `all`, or a percentage of the
letters. Whatever a scene expects, it must also pass the judge (judge.py), and leave nothing behind when it has stopped.
"""
import importlib
import os
import pathlib
import random
import sys
import time

import yaml

import fault_judge
import house as support
from fault_office import Office
from fault_words import EXPECTATIONS, VERBS, Refused, keywords, known
from judge import Judge

KEYS = ("what", "office", "steps", "expect")


class Scene:
    def __init__(self, path):
        self.name = path.stem
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in document:
            known(KEYS, key, self.name)
        self.what = document["what"]
        self.counts = {}  # what is told in the line at the end
        self.marks = {}   # what one step leaves for a later one
        self.undo = []    # what is set right at the end, whatever happens
        self.steps = [self.read_step(step, number) for number, step in enumerate(document["steps"], 1)]
        self.wishes = [(EXPECTATIONS[known(EXPECTATIONS, key, f"{self.name}: expect")], wish)
                       for key, wish in document["expect"].items()]
        self.office = Office(**keywords(Office.__init__, document["office"], f"{self.name}: office"))

    def read_step(self, step, number):
        place = f"{self.name}: step {number}"
        if not isinstance(step, dict) or len(step) != 1:
            raise Refused(f"{place}: a step is one verb with its keys")
        (name, given), = step.items()
        function = VERBS[known(VERBS, name, place)]
        return name, function, keywords(function, given, f"{place}, {name}")

    @property
    def house(self):
        return self.office.house

    def number(self, text):
        """A count: a number, `all`, or "20%" of the letters."""
        if text == "all":
            return self.office.letters
        return self.office.letters * int(text[:-1]) // 100 if isinstance(text, str) else text

    def hold(self, found, wish, what):
        """Holds a count against a number, `all` or {at_least, at_most}."""
        if not isinstance(wish, dict):
            assert found == self.number(wish), f"{what}: {found} instead of {self.number(wish)}"
            return
        for key in wish:
            known(("at_least", "at_most"), key, f"{self.name}: {what}")
        low, high = (self.number(wish.get(key, found)) for key in ("at_least", "at_most"))
        assert low <= found <= high, f"{what}: {found} is not within {wish}"

    def rng(self, seed):
        seed = int(os.environ.get("TICKLER_FAULT_SEED", seed))
        self.counts["seed"] = seed
        return random.Random(seed)

    def count(self, what, more=1):
        self.counts[what] = self.counts.get(what, 0) + more

    def run(self):
        with self.office:
            try:
                for name, function, given in self.steps:
                    begun = time.monotonic()
                    function(self, **given)
                    print(f"    {time.monotonic() - begun:5.1f} s  {name} {given or ''}", flush=True)
                fault_judge.promises(self)
                for function, wish in self.wishes:
                    function(self, wish)
            finally:
                while self.undo:
                    self.undo.pop()()
            self.house.stop()
            Judge.nothing_left(self.house)
        print(f"{self.name}: " + ", ".join(f"{key} {value}" for key, value in self.counts.items()))


def main():
    path = pathlib.Path(sys.argv[1])
    for module in pathlib.Path(__file__).parent.glob("fault_*.py"):
        if module.stem != "fault_scene":
            importlib.import_module(module.stem)
    try:
        scene = Scene(path)
    except Refused as refusal:
        sys.exit(str(refusal))
    print(f"{scene.name}: {scene.what}", flush=True)
    scene.run()


if __name__ == "__main__":
    support.leave_root()
    main()
