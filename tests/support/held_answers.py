"""A mail server and a web hook's receiver that hold one answer back until a test lets it go: what the other side has
done by then is certain. Nothing is said on that line any more.

    relay.hold("DOT", 3); ...; pid = relay.holding(pids); os.kill(pid, ...); relay.let_go()
"""
import http.server
import os
import pathlib
import threading

from smtp_script import Conversation, ScriptedServer


class Hold:
    """One answer to come: the nth of a place."""

    def __init__(self):
        self.place, self.left, self.port = None, 0, None
        self.reached, self.go, self.lock = threading.Event(), threading.Event(), threading.Lock()

    def set(self, place, nth):
        with self.lock:
            self.place, self.left, self.port = place, nth, None
            self.reached.clear()
            self.go.clear()

    def meets(self, place, port):
        """TRUE when this is the answer, after it was let go."""
        with self.lock:
            if place != self.place:
                return False
            self.left -= 1
            if self.left:
                return False
            self.place, self.port = None, port
        self.reached.set()
        self.go.wait(60)
        return True

    def wait(self):
        assert self.reached.wait(30), "nobody came to the place at which the answer is held"
        return self.port


def owner_of(port, pids):
    """Which of the processes has a TCP connection from this local port."""
    inodes = {fields[9] for fields in map(str.split, pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])
              if int(fields[1].split(":")[1], 16) == port}
    for pid in pids:
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:[") and target[8:-1] in inodes:
                return pid
    raise AssertionError(f"no process of {pids} speaks from port {port}")


class HeldConversation(Conversation):
    def answer(self, place, to=None):
        word = super().answer(place, to)
        if self.server.held.meets(place, self.client_address[1]):
            return "accept-cut" if place == "DOT" else None
        return word


class HeldRelay(ScriptedServer):
    def __init__(self):
        super().__init__()
        self.RequestHandlerClass = HeldConversation
        self.held = Hold()

    def hold(self, place, nth):
        self.held.set(place, nth)

    def holding(self, pids):
        return owner_of(self.held.wait(), pids)

    def let_go(self):
        self.held.go.set()


class HeldSink(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        self.held, self.ids = Hold(), []
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def hold(self, nth):
        self.held.set("POST", nth)

    def holding(self):
        self.held.wait()

    def let_go(self):
        self.held.go.set()

    def stop(self):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.ids.append(self.headers["webhook-id"])
        if not self.server.held.meets("POST", self.client_address[1]):
            self.send_response(200)
            self.end_headers()

    def log_message(self, *_):
        pass
