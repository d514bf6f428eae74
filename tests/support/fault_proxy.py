"""A line between two programs that goes wrong as a test says: TCP or unix socket, each direction of its own.

    proxy = FaultProxy(to=("127.0.0.1", 2525)).start()           # TCP; proxy.port is where it listens
    proxy = FaultProxy(to="/x/.s.PGSQL.5432", at="/y/.s.PGSQL.5432").start()
    proxy.up.latency, proxy.up.jitter = 0.2, 0.1                 # up: from the client to the server; seconds
    proxy.down.slice, proxy.down.pause = 3, 0.01                 # three bytes at a time
    proxy.up.silent = True                                       # half-open: taken, never passed on, nor is an end
    proxy.refuse = True                                          # new lines are reset at once
    proxy.cut() or proxy.reset()                                 # every line that is open now
    proxy.up.trap("cut", at=1000)                                # at the 1,000th byte of each line ...
    proxy.up.trap("reset", seen=b"COMMIT", times=1)              # ... or where these bytes pass, on one line only
    proxy.up.trap("cut_answer", seen=b"COMMIT", times=1)         # the server gets all, its answer goes nowhere
    proxy.up.trap("cut", seen=b"COMMIT", after=b"message_result")  # the first on a line on which that has passed
    proxy.mend()                                                 # well-behaved from now on; silent lines are cut
    proxy.lines, proxy.up.bytes, proxy.sprung                    # what there was

What a trap does: cut (both ends are closed), reset (RST; a unix socket knows none and is cut), silent (half-open from there
on), cut_answer (cut as soon as the server has answered), note (nothing). What comes before the trap is passed on, what
comes after it is not. `sprung` lists what the traps did, in order; wait_sprung(n) waits for the nth.
"""
import contextlib
import os
import random
import socket
import struct
import threading
import time

CHUNK, TAIL = 65536, 64  # bytes read at once; how long a text to be seen may be


class Trap:
    def __init__(self, what, at, seen, times, after):
        assert what in ("cut", "reset", "silent", "cut_answer", "note") and (at is None) != (seen is None)
        assert not seen or len(seen) <= TAIL
        self.what, self.at, self.seen, self.left, self.after = what, at, seen, times, after
        self.set_on = set()  # lines on which `after` has passed

    def place(self, line, passed, tail, data):
        """How many bytes of `data` may go before the trap closes, or None; `passed` went before, ending in `tail`."""
        if self.left == 0:
            return None
        if self.after and line not in self.set_on:
            if self.after in tail + data:
                self.set_on.add(line)
            return None
        if self.at is not None:
            return self.at - passed if passed < self.at <= passed + len(data) else None
        begun = tail[len(tail) - len(self.seen) + 1:] if len(tail) >= len(self.seen) else tail  # less than the whole text
        found = (begun + data).find(self.seen)
        return None if found < 0 else max(0, found - len(begun))


class Direction:
    def __init__(self, name):
        self.name, self.bytes, self.lock = name, 0, threading.Lock()
        self.mend()

    def mend(self):
        self.latency = self.jitter = self.pause = 0.0
        self.slice, self.silent, self.traps = 0, False, []

    def trap(self, what, at=None, seen=None, times=None, after=None):
        """times: on so many lines; otherwise on each."""
        self.traps.append(Trap(what, at, seen, times, after))

    def pieces(self, data):
        size = self.slice or max(1, len(data))
        return [data[i:i + size] for i in range(0, len(data), size)]

    def spring(self, line, passed, tail, data):
        """What of `data` may pass, and what the trap does that closes behind it, or None."""
        with self.lock:
            for trap in self.traps:
                place = trap.place(line, passed, tail, data)
                if place is not None:
                    trap.left = trap.left and trap.left - 1
                    return data if trap.what in ("cut_answer", "note") else data[:place], trap.what
        return data, None

    def count(self, more):
        with self.lock:
            self.bytes += more


class Line:
    """One connection through the proxy: a thread for each direction."""

    def __init__(self, proxy, client):
        self.proxy, self.client, self.server = proxy, client, None
        self.lock = threading.Lock()
        self.directions_open, self.muted, self.swallows = 2, set(), False

    def run(self):
        try:
            self.server = self.proxy.connect()
        except OSError:  # as if nobody listened here either
            self.end("reset")
            return
        threading.Thread(target=self.carry, args=(self.proxy.down, self.server, self.client), daemon=True).start()
        self.carry(self.proxy.up, self.client, self.server)

    def carry(self, direction, source, target):
        with contextlib.suppress(OSError):
            self.carry_all(direction, source, target)
        with contextlib.suppress(OSError):
            if self.client and not self.is_silent(direction):  # an end by reset says no farewell
                target.shutdown(socket.SHUT_WR)
        with self.lock:
            self.directions_open -= 1
            is_over = not self.directions_open
        if is_over and not any(map(self.is_silent, (self.proxy.up, self.proxy.down))):
            self.end("cut")

    def carry_all(self, direction, source, target):
        passed, tail = 0, b""
        while data := source.recv(CHUNK):
            if self.swallows and direction is self.proxy.down:
                self.proxy.note("cut_answer", self.proxy.up)
                self.end("cut")
                return
            data, what = direction.spring(self, passed, tail, data)
            passed, tail = passed + len(data), (tail + data)[-TAIL:]
            self.swallows = self.swallows or what == "cut_answer"
            self.pass_on(direction, target, data)
            if what == "silent":
                self.muted.add(direction)
            if what and what != "cut_answer":
                self.proxy.note(what, direction)
            if what in ("cut", "reset"):
                self.end(what)

    def is_silent(self, direction):
        return direction.silent or direction in self.muted

    def pass_on(self, direction, target, data):
        if direction.latency or direction.jitter:
            time.sleep(direction.latency + random.random() * direction.jitter)
        for piece in direction.pieces(data):
            if self.is_silent(direction):
                return
            target.sendall(piece)
            direction.count(len(piece))
            if direction.slice and direction.pause:
                time.sleep(direction.pause)

    def end(self, how):
        with self.lock:
            ends, self.client, self.server = (self.client, self.server), None, None
        for end in filter(None, ends):
            with contextlib.suppress(OSError):
                if how == "reset" and end.family == socket.AF_INET:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)  # says nothing; wakes the thread that reads, which would hold up the RST
                else:
                    end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.proxy.forget(self)


class FaultProxy:
    def __init__(self, to, at=None):
        """to: where the server is, (host, port) or a path · at: where to listen, a path; otherwise a free TCP port"""
        self.to, self.at = to, at and str(at)
        self.up, self.down = Direction("up"), Direction("down")
        self.refuse, self.lines, self.sprung, self.open = False, 0, [], set()
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.listener = socket.socket(socket.AF_UNIX if self.at else socket.AF_INET)
        self.listener.bind(self.at or ("127.0.0.1", 0))
        self.port = None if self.at else self.listener.getsockname()[1]
        self.listener.listen(64)

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # stopped
            line = Line(self, client)
            if self.refuse:
                line.end("reset")
                continue
            with self.lock:
                self.open.add(line)
                self.lines += 1
            threading.Thread(target=line.run, daemon=True).start()

    def connect(self):
        server = socket.socket(socket.AF_INET if isinstance(self.to, tuple) else socket.AF_UNIX)
        server.connect(self.to if isinstance(self.to, tuple) else str(self.to))
        return server

    def note(self, what, direction):
        with self.changed:
            self.sprung.append((what, direction.name))
            self.changed.notify_all()

    def wait_sprung(self, times=1, patience=60):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.sprung) >= times, patience), \
                f"the traps closed {len(self.sprung)} times instead of {times}"

    def forget(self, line):
        with self.lock:
            self.open.discard(line)

    def end_all(self, how, which=lambda line: True):
        with self.lock:
            lines = list(filter(which, self.open))
        for line in lines:
            line.end(how)

    def cut(self):
        self.end_all("cut")

    def reset(self):
        self.end_all("reset")

    def mend(self):
        self.end_all("cut", lambda line: line.is_silent(self.up) or line.is_silent(self.down))
        self.refuse = False
        self.up.mend()
        self.down.mend()

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
        if self.at:
            os.unlink(self.at)
