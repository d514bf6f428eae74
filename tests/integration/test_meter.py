"""Rate limits on a real Redis: never more than burst + rate x time, from several processes; Redis flushed; Redis away."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

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


def probe(socket, share=1, takes=4000, step_us=500):
    """Starts a taker that asks every half millisecond of its own clock; answers the process."""
    program = pathlib.Path(os.environ["TICKLER_BIN"]) / "meter_probe"
    return subprocess.Popen([program, str(socket), str(share), str(COUNT), str(PER_S), str(BURST), str(takes), str(step_us)],
                            stdout=subprocess.PIPE, text=True)


def result(process):
    out, _ = process.communicate(timeout=120)
    return tuple(map(int, out.split()))


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tk-m-", dir="/tmp"))
    redis = Redis(folder)
    try:
        allowed = BURST + COUNT * 2  # 4,000 half milliseconds are two seconds
        granted, local = result(probe(redis.socket))
        assert allowed - 1 <= granted <= allowed and local == 0, (granted, allowed, local)
        redis.say("FLUSHALL")
        together = [probe(redis.socket) for _ in range(4)]
        granted = sum(result(p)[0] for p in together)
        assert granted <= allowed + 4, f"four takers got {granted} of {allowed}"
        print(f"four processes: {granted} granted, {allowed} allowed")

        taker = probe(redis.socket, takes=40000)
        support.House.wait(lambda: redis.say("EXISTS", "ticklerd:a").strip() == "1", "the taker to have begun")
        redis.say("FLUSHALL")
        granted, _ = result(taker)
        assert granted <= BURST + COUNT * 20 + BURST, "a flush costs one burst at the most"

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
        shutil.rmtree(folder)


if __name__ == "__main__":
    support.leave_root()
    main()
