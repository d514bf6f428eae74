"""Rate limits on a real Redis: never more than burst + rate x time, from several processes; Redis flushed; Redis away.

Grants are judged from outside by their instants on the one clock that the takers share."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import house as support

COUNT, PER_S, BURST = 100, 1, 20  # 100 a second, 20 at once


class Redis:
    def __init__(self, folder):
        self.socket = folder / "redis.sock"
        self.socket.unlink(missing_ok=True)  # a killed one leaves its own
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", folder],
                                        stdout=subprocess.DEVNULL)
        support.House.wait(self.socket.exists, "redis", 20)

    def say(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=True).stdout

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def probe(socket, share=1, takes=4000, step_us=500):
    """Starts a taker that asks every half millisecond of its own clock; answers the process."""
    program = pathlib.Path(os.environ["TICKLER_BIN"]) / "meter_probe"
    return subprocess.Popen([program, str(socket), str(share), str(COUNT), str(PER_S), str(BURST), str(takes), str(step_us)],
                            stdout=subprocess.PIPE, text=True)


def result(process):
    out, _ = process.communicate(timeout=120)
    return tuple(map(int, out.split()))


def test_limits_by_a_clock_of_its_own(folder):
    redis = Redis(folder)
    try:
        allowed = BURST + COUNT * 2  # 4,000 half milliseconds are two seconds
        granted, local = result(probe(redis.socket))
        assert allowed - 1 <= granted <= allowed and local == 0, (granted, allowed, local)
        redis.say("FLUSHALL")
        together = [probe(redis.socket) for _ in range(4)]
        granted = sum(result(p)[0] for p in together)
        assert granted <= allowed + 4, f"four takers got {granted} of {allowed}"
        redis.say("SCRIPT", "FLUSH")
        redis.stop()
        granted, local = result(probe(redis.socket, share=4))
        assert local == 4000 and granted <= allowed // 4 + 2, f"away: a share of {granted} of {allowed}"
        granted, local = result(probe("none", share=1))
        assert allowed - 1 <= granted <= allowed and local == 4000
        redis = Redis(folder)
        assert result(probe(redis.socket))[1] == 0, "Redis is back and is asked again"
    finally:
        redis.stop()


KEYS = {"relay": (6000, 1, 600), "domain:a": (5000, 1, 500), "domain:b": (7000, 3, 100), "domain:c": (900, 1, 1),
        "minute": (6000, 60, 600)}
TAKERS, TAKES, IN_FLIGHT = 8, 1_000_000, 16


class Storm:
    """Takers in processes of their own, as fast as they can; `grants` are (microseconds, local, mask) of each taker."""

    def __init__(self, folder, socket, seed, takes):
        program = pathlib.Path(os.environ["TICKLER_BIN"]) / "meter_storm_probe"
        rates = [f"{key}={count}/{per_s}/{burst}" for key, (count, per_s, burst) in KEYS.items()]
        self.files = [folder / f"grants-{n}" for n in range(TAKERS)]
        self.progress = [folder / f"progress-{n}" for n in range(TAKERS)]
        self.takers = []
        for n, (out, err) in enumerate(zip(self.files, self.progress)):
            with open(out, "wb") as grants, open(err, "wb") as progress:
                self.takers.append(subprocess.Popen([program, socket, str(TAKERS), str(seed + n), str(takes // TAKERS),
                                                     str(IN_FLIGHT), *rates], stdout=grants, stderr=progress))

    def at(self, tenth):
        """Waits until the first taker has asked for so many tenths of its share."""
        support.House.wait(lambda: self.progress[0].read_text().count("\n") >= tenth, f"tenth {tenth} of the takes", 300)

    def finish(self):
        codes = [taker.wait(600) for taker in self.takers]
        assert not any(codes), f"takers ended with {codes}"
        return [[tuple(map(int, line.split())) for line in file.read_text().splitlines()] for file in self.files]


def excess(instants, rate, burst):
    """By how many tokens the worst span goes over burst + rate x its length: at most 0 when the limit held."""
    least, worst = float("inf"), float("-inf")
    first = min(instants, default=0)
    for n, at in enumerate(sorted(instants)):
        at = (at - first) * rate / 1e6
        least = min(least, n - at)
        worst = max(worst, n - at - least + 1 - burst)
    return round(worst, 6)


def judge(grants, local, divided=1):
    """{key: the worst excess} over all takers' grants by Redis, or of each taker's own share when Redis was away."""
    found = {}
    for bit, (key, (count, per_s, burst)) in enumerate(KEYS.items()):
        of_key = [[at for at, was_local, mask in taker if was_local == local and mask >> bit & 1] for taker in grants]
        groups = of_key if local else [sum(of_key, [])]
        found[key] = max(excess(group, count / per_s / divided, max(burst // divided, 1)) for group in groups)
    return found


def test_the_judge_finds_one_token_too_many():
    held = [0, 0, 0, 1_000_000, 2_000_000]
    assert excess(held, 1, 3) == 0 and excess(held + [2_000_000], 1, 3) == 1 and excess([5, 5], 1, 1) == 1


def test_a_million_takes_hold(folder):
    with Redis(folder) as redis:
        storm = Storm(folder, redis.socket, 1, TAKES)
        begun = time.monotonic()
        grants = storm.finish()
        took = time.monotonic() - begun
        found = judge(grants, local=0)
        by_redis = sum(not local for taker in grants for _, local, _ in taker)
        by_share = sum(map(len, grants)) - by_redis
        print(f"  {TAKES:,} takes by {TAKERS} processes in {took:.1f} s, {by_redis:,} granted by Redis, {by_share:,} from "
              f"shares (an answer took over 50 ms); most over a limit: {max(found.values())}")
        assert max(found.values()) <= 0, found
        assert max(judge(grants, local=1, divided=TAKERS).values()) <= 0
        assert by_redis > TAKES // 50, "hardly anything was granted: nothing was tested"


def test_a_refused_take_takes_nothing(folder):
    """All or none: a limit that is spent costs the others nothing."""
    with Redis(folder) as redis:
        assert result(probe(redis.socket, takes=1, step_us=0))[0] == 1  # key a has 19 of 20 left
        redis.say("PERSIST", "ticklerd:a")  # the probe's clock stands still, Redis' own does not
        redis.say("SET", "ticklerd:b", str(10 ** 17))
        assert result(probe(redis.socket, takes=1000, step_us=0)) == (0, 0)
        redis.say("DEL", "ticklerd:b")
        assert result(probe(redis.socket, takes=1000, step_us=0)) == (BURST - 1, 0)


def test_a_flush_costs_one_burst(folder):
    with Redis(folder) as redis:
        storm = Storm(folder, redis.socket, 2, TAKES // 2)
        flushes = (2, 4, 7)
        for tenth in flushes:
            storm.at(tenth)
            redis.say("FLUSHALL")
        found = judge(storm.finish(), local=0)
        print(f"  flushed {len(flushes)} times: most over a limit, in bursts: "
              f"{max(found[key] / KEYS[key][2] for key in KEYS):.2f}")
        assert all(found[key] <= len(flushes) * KEYS[key][2] for key in KEYS), found
        assert max(found.values()) > 0, "a flush in the middle gives a burst anew: the judge must see it"


def test_redis_stopped_leaves_each_its_share(folder):
    """Away in the middle, then back: by shares limit / N each, and over all never more than Redis' limit plus the shares'."""
    redis = Redis(folder)
    try:
        storm = Storm(folder, redis.socket, 3, TAKES // 2)
        storm.at(3)
        redis.stop()
        storm.at(7)
        redis = Redis(folder)
        grants = storm.finish()
    finally:
        redis.stop()
    shared = sum(local for taker in grants for _, local, _ in taker)
    found = judge(grants, local=1, divided=TAKERS)
    print(f"  Redis stopped: {shared:,} granted by shares, most over a share: {max(found.values())}")
    assert shared > TAKERS and max(found.values()) <= 0, found
    found = judge(grants, local=0)
    assert all(found[key] <= KEYS[key][2] for key in KEYS), f"a restart is a flush: one burst at the most: {found}"


def main():
    for name in sys.argv[1:] or [n for n in globals() if n.startswith("test_")]:
        test = globals()[name]
        with tempfile.TemporaryDirectory(prefix="tk-m-", dir="/tmp") as folder:
            test(*[pathlib.Path(folder)][:test.__code__.co_argcount])
        print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
