"""A room that ends whenever it is started costs the others nothing: at least 95 % of their rate, in turns without and with it.

The relay takes its time over each letter, so that the rate is its own, not the machine's.
"""
import os
import signal
import statistics

import house as support
from fault_office import Office
from judge import Judge

PAIRS, LETTERS_A_TURN = 3, 128
RELAY = {"DOT": "after 0.3: 250 taken"}


def rate(office, first):
    """Letters a second from the letter number `first` on, for a turn."""
    office.house.wait(lambda: office.arrived_count() >= first + LETTERS_A_TURN, "a turn's letters", 120)
    instants = sorted(letter["at"] for letter in office.server.letters)[first:first + LETTERS_A_TURN]
    return (len(instants) - 1) / (instants[-1] - instants[0])


def crash(office, flag):
    """From now on the room of check-ins ends at each start."""
    flag.touch()
    for pid in office.house.pids("ticklerd-check-in"):
        os.kill(pid, signal.SIGKILL)


def test_the_others_keep_their_rate():
    office = Office(letters=(2 * PAIRS + 2) * LETTERS_A_TURN, rooms=("invoice_escalation", "check_in", "task_desk"), relay=RELAY)
    flag = office.house.root / "crash"
    office.replace = {"ticklerd-check-in": f"[ -e {flag} ] && exit 3; exec {office.house.bin}/ticklerd-check-in \"$@\""}
    with office:
        house = office.house
        house.tickler("run", "invoice_escalation")
        calm, looping = [], []
        rate(office, 0)  # to warm up
        for pair in range(PAIRS):
            calm.append(rate(office, (2 * pair + 1) * LETTERS_A_TURN))
            crash(office, flag)
            looping.append(rate(office, (2 * pair + 2) * LETTERS_A_TURN))
            flag.unlink()
        kept = statistics.median(looping) / statistics.median(calm)
        print(f"  letters/s {statistics.median(calm):.1f} {[round(n, 1) for n in calm]}, beside a room that crashes "
              f"{statistics.median(looping):.1f} {[round(n, 1) for n in looping]}: {kept:.3f}", flush=True)
        assert kept >= 0.95, f"the others kept {kept:.3f} of their rate"
        crash(office, flag)
        house.wait(lambda: house.one("SELECT count(*) FROM task WHERE title = 'A room ends whenever it is started'") == 1,
                   "the room to be parked, and a person told", 120)
        house.wait(lambda: house.one("SELECT count(*) FROM job WHERE worker = 'invoice_escalation'") == 0, "the drain", 120)
        Judge(house, office.history, office.arrived()).check()


if __name__ == "__main__":
    support.run_tests(globals())
