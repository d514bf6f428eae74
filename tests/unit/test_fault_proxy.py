"""Each fault of the proxy happens, and only where it was asked for: over TCP, and over a unix socket, to a server that
says all back."""
import contextlib
import errno
import pathlib
import socket
import socketserver
import tempfile
import threading
import time

import house as support
from fault_proxy import FaultProxy

TEXT = bytes(range(256)) * 40


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                self.server.heard += data
                self.request.sendall(data)
        self.server.ended.set()


def serve(server_class, address):
    server = server_class(address, Echo)
    server.daemon_threads, server.heard, server.ended = True, b"", threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@contextlib.contextmanager
def world(kind):
    """A server, the proxy before it, and how to connect through it."""
    with tempfile.TemporaryDirectory(prefix="tk-proxy-") as folder, contextlib.ExitStack() as stack:
        if kind == "tcp":
            server = serve(socketserver.ThreadingTCPServer, ("127.0.0.1", 0))
            proxy = FaultProxy(to=server.server_address)
        else:
            server = serve(socketserver.ThreadingUnixStreamServer, f"{folder}/server")
            proxy = FaultProxy(to=f"{folder}/server", at=f"{folder}/proxy")
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        stack.enter_context(proxy)

        def call(text=b""):
            line = stack.enter_context(socket.socket(socket.AF_INET if kind == "tcp" else socket.AF_UNIX))
            line.settimeout(30)
            line.connect(("127.0.0.1", proxy.port) if kind == "tcp" else f"{folder}/proxy")
            line.sendall(text)
            return line
        yield server, proxy, call
    assert not pathlib.Path(folder).exists()


def read(line, count=None):
    """So many bytes, or all until the end; and how it ended: None, "end" or an errno."""
    text = b""
    while count is None or len(text) < count:
        try:
            more = line.recv(65536)
        except OSError as error:
            return text, error.errno
        if not more:
            return text, "end"
        text += more
    return text, None


def each_kind(test):
    def both():
        for kind in ("tcp", "unix"):
            with world(kind) as (server, proxy, call):
                test(kind, server, proxy, call)
    both.__name__ = test.__name__
    return both


@each_kind
def test_well_behaved(_, server, proxy, call):
    line = call(TEXT)
    line.shutdown(socket.SHUT_WR)
    assert read(line) == (TEXT, "end") and server.heard == TEXT
    assert proxy.up.bytes == proxy.down.bytes == len(TEXT) and proxy.lines == 1
    support.House.wait(lambda: not proxy.open, "the line to be given up")


@each_kind
def test_latency_of_one_direction(_, server, proxy, call):
    proxy.down.latency = 0.3
    begun = time.monotonic()
    line = call(b"a")
    support.House.wait(lambda: server.heard, "the server to hear it")
    assert read(line, 1)[0] == b"a" and time.monotonic() - begun >= 0.3
    proxy.mend()
    line.sendall(b"b")
    assert read(line, 1)[0] == b"b", "a slow line lives on"


@each_kind
def test_slices(_, server, proxy, call):
    proxy.up.slice, proxy.up.pause = 5, 0.02
    line = call(TEXT[:50])
    assert line.recv(50) == TEXT[:5] and read(line, 45)[0] == TEXT[5:50]


@each_kind
def test_cut_at_a_byte(_, server, proxy, call):
    proxy.up.trap("cut", at=100)
    text, how = read(call(TEXT))
    assert server.ended.wait(30) and server.heard == TEXT[:100], len(server.heard)
    assert TEXT.startswith(text) and how in ("end", errno.ECONNRESET) and proxy.sprung == [("cut", "up")]


@each_kind
def test_cut_of_the_answer_at_a_byte(_, server, proxy, call):
    proxy.down.trap("cut", at=100, times=1)
    assert read(call(TEXT))[0] == TEXT[:100] and proxy.sprung == [("cut", "down")]
    assert read(call(TEXT), len(TEXT))[0] == TEXT, "the second line is well"


@each_kind
def test_reset(kind, server, proxy, call):
    proxy.up.trap("reset", at=100, times=1)
    how = read(call(TEXT))[1]
    assert how == errno.ECONNRESET or kind == "unix", how
    line = call(TEXT)
    assert read(line, len(TEXT))[0] == TEXT
    proxy.reset()
    how = read(line)[1]
    assert how == (errno.ECONNRESET if kind == "tcp" else "end"), how


@each_kind
def test_refuse(_, server, proxy, call):
    proxy.refuse = True
    with contextlib.suppress(ConnectionError):
        assert read(call(b"a"))[0] == b""
    proxy.mend()
    assert read(call(b"b"), 1)[0] == b"b" and server.heard == b"b" and proxy.lines == 1


@each_kind
def test_half_open(_, server, proxy, call):
    line = call(b"before")
    assert read(line, 6)[0] == b"before"
    proxy.up.silent = True
    line.sendall(b"lost")
    line.shutdown(socket.SHUT_WR)
    line.settimeout(0.3)
    assert read(line) == (b"", None), "nothing comes, and no end"
    assert server.heard == b"before" and not server.ended.is_set()
    proxy.mend()
    assert server.ended.wait(30) and read(call(b"on"), 2)[0] == b"on"


@each_kind
def test_silent_from_a_text_on(_, server, proxy, call):
    proxy.down.trap("silent", seen=b"BUT", times=1)
    line = call(b"well BUT")
    assert read(line, 5)[0] == b"well "
    proxy.wait_sprung()
    line.settimeout(0.3)
    assert read(line) == (b"", None) and server.heard == b"well BUT"


@each_kind
def test_cut_where_a_text_passes(_, server, proxy, call):
    proxy.up.trap("cut", seen=b"COMMIT", times=1)
    line = call(b"begin;")
    assert read(line, 6)[0] == b"begin;"
    line.sendall(b"x COM")
    read(line, 5)
    line.sendall(b"MIT now")  # in two pieces: the second does not pass
    read(line)
    assert server.ended.wait(30) and server.heard == b"begin;x COM", server.heard


@each_kind
def test_cut_of_the_answer_to_a_text(_, server, proxy, call):
    proxy.up.trap("cut_answer", seen=b"COMMIT", times=1)
    line = call(b"begin;")
    assert read(line, 6)[0] == b"begin;"
    line.sendall(b"COMMIT;")
    assert read(line)[0] == b""
    proxy.wait_sprung()
    assert server.heard == b"begin;COMMIT;" and proxy.sprung == [("cut_answer", "up")]


@each_kind
def test_a_text_counts_only_after_another(_, server, proxy, call):
    proxy.up.trap("cut", seen=b"COMMIT", after=b"put", times=1)
    line = call()
    for text, answer in ((b"get COMMIT", b"get COMMIT"), (b"put", b"put"), (b"x COMMIT", b"")):
        line.sendall(text)
        assert read(line, max(1, len(answer)))[0][:len(answer) or 2] in (answer, b"x "), text
    proxy.wait_sprung()
    support.House.wait(lambda: server.heard.startswith(b"get COMMITputx "), "what came before")
    assert server.heard == b"get COMMITputx "


if __name__ == "__main__":
    support.run_tests(globals())
