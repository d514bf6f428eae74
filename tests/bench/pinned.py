#!/usr/bin/python3
"""Letters while a transaction is held open, beside letters without one.

    tests/bench/run --pinned [MINUTES] [--letters N]     30 minutes

A transaction held open for so long keeps every dead row (its xmin is pinned): a queue that leaves many slows down. Rounds
of letters into the Maildir go before, for MINUTES while it is held, and again after it has ended and its rows are cleared
away; what has grown meanwhile in the record is thus on both sides.
"""
import argparse
import itertools
import pathlib
import statistics
import sys
import time

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import house as support  # noqa: E402
from house import House  # noqa: E402
from watch import tables, write_wave  # noqa: E402

ROUNDS_OUTSIDE = 5
GOAL = 0.9


def letters_a_second(house, number, count):
    """One round: letters to facilities that nobody has written to; from the plan to the last on record."""
    house.tickler("import", "--dir", write_wave(house, number, count))
    begun = time.monotonic()
    house.tickler("run", "invoice_escalation")
    house.wait(lambda: not house.one("SELECT EXISTS (SELECT FROM job)"), "a round's letters", 600)  # cheap: asked often
    took = time.monotonic() - begun
    done = house.one("SELECT count(*) FROM fired WHERE worker = 'invoice_escalation' AND outcome = 'done'")
    assert done == number * count, f"{done} letters instead of {number * count}"
    return count / took


def hold(house):
    pin = psycopg2.connect(host=str(house.dir / "run/postgres"), dbname="ticklerd", user="ticklerd_owner")
    pin.set_session(isolation_level="REPEATABLE READ", readonly=True)
    pin.cursor().execute("SELECT count(*) FROM agency")  # takes the snapshot and keeps it
    return pin


def pinned(options):
    with House() as house:
        house.init()
        support.open_window(house)
        house.only("invoice_escalation")
        house.schedule("invoice_escalation", limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0,
                       stop_if_data_older_than=None)
        house.start()
        numbers = itertools.count(1)
        one_round = lambda: letters_a_second(house, next(numbers), options.letters)
        one_round()  # warms
        before = [one_round() for _ in range(ROUNDS_OUTSIDE)]
        pin, until, during = hold(house), time.monotonic() + 60 * options.minutes, []
        while time.monotonic() < until:
            during.append(one_round())
        dead = tables(house)
        pin.close()
        house.sql("VACUUM")
        after = [one_round() for _ in range(ROUNDS_OUTSIDE)]
        return tell(before, during, after, dead, options)


def tell(before, during, after, dead, options):
    late = during[-max(ROUNDS_OUTSIDE, len(during) // 4):]
    clean = statistics.median(before + after)
    ratio = statistics.median(late) / clean
    print(f"held open for {options.minutes:g} minutes, rounds of {options.letters:,} letters, letters/s, median [min-max]\n")
    print("| when | rounds | letters/s |\n|---|---:|---:|")
    for name, rates in (("before", before), ("held", during), ("held, the last quarter", late), ("after", after)):
        print(f"| {name} | {len(rates)} | {statistics.median(rates):,.0f} [{min(rates):,.0f}-{max(rates):,.0f}] |")
    print("\n| table | dead tuples | MiB |\n|---|---:|---:|")
    for name, (count, size) in sorted(dead.items()):
        print(f"| {name} | {count:,} | {size / 1048576:.1f} |")
    print(f"\nthe last quarter against the clean rate: {ratio:.2f} (goal {GOAL}): {'held' if ratio >= GOAL else 'NOT held'}")
    return 0 if ratio >= GOAL else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=30)
    parser.add_argument("--letters", type=int, default=1000)
    return pinned(parser.parse_args())


if __name__ == "__main__":
    support.leave_root()
    sys.exit(main())
