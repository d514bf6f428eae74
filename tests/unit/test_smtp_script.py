"""Each thing that the scripted mail server can do happens, seen by a client of sockets alone."""
import contextlib
import errno
import socket
import time

import house as support
from smtp_script import GARBAGE, ScriptedServer

WORDS = ("EHLO me", "MAIL FROM:<us@agency.example>", "RCPT TO:<a@b.example>", "DATA")
LETTER = b"Message-ID: <1@x>\r\n\r\n..dot\r\n.\r\n"


class Client:
    def __init__(self, server):
        self.line = socket.create_connection(("127.0.0.1", server.port), 30)
        self.file = self.line.makefile("rb")

    def hear(self):
        """One reply, or how the line ended."""
        try:
            lines = [self.file.readline()]
            while lines[-1][3:4] == b"-":
                lines.append(self.file.readline())
        except OSError as error:
            return errno.errorcode.get(error.errno, "silence")
        return b"|".join(line.strip() for line in lines).decode() or "end"

    def say(self, line):
        self.line.sendall(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        return self.hear()

    def until_data(self):
        return [self.hear(), *(self.say(word) for word in WORDS)]


@contextlib.contextmanager
def playing(script):
    server = ScriptedServer(script).start()
    try:
        yield server
    finally:
        server.stop()
    assert not server.unused(), server.unused()


def test_well_behaved_and_each_reply_of_the_script():
    with playing({"EHLO": ["250-a|250 b"], "RCPT": ["450 later"], "RCPT c@d.example": "550 no", "AUTH": ["535 no"]}) as server:
        client = Client(server)
        assert [client.hear(), *(client.say(word) for word in WORDS[:3])] == ["220 ready", "250-a|250 b", "250 ok", "450 later"]
        assert client.say(WORDS[2]) == "250 ok" and client.say("RCPT TO:<c@d.example>") == "550 no"
        assert client.say("AUTH PLAIN") == "334" and client.say("AGE=") == "535 no"
        assert client.say(WORDS[2]) == "250 ok" and client.say("DATA") == "354 go on" and client.say(LETTER) == "250 taken"
        assert client.say("QUIT") == "221 bye" and client.hear() == "end"
        row, = server.letters
        assert row["message_id"] == "<1@x>" and row["to"] == "a@b.example" and len(row["hash"]) == 64


def end_of_connecting(server):
    """A reset may be there before connect() has returned."""
    try:
        return Client(server).hear()
    except ConnectionResetError:
        return "ECONNRESET"


def test_the_line_ends_at_each_place():
    for word, seen in (("cut", "end"), ("reset", "ECONNRESET")):
        with playing({"CONNECT": [word]}) as server:
            assert end_of_connecting(server) == seen
        for place, verb in zip(("EHLO", "MAIL", "RCPT", "DATA", "QUIT"), (*WORDS, "QUIT")):
            with playing({place: [word]}) as server:
                client = Client(server)
                client.hear()
                assert client.say(verb) == seen, (word, place)
        for what, letters in ((word, 0), (f"accept-{word}", 1)):
            with playing({"DOT": [what]}) as server:
                client = Client(server)
                client.until_data()
                assert client.say(LETTER) == seen and len(server.letters) == letters, what


def test_hang_garbage_slowness():
    script = {"MAIL": ["garbage"], "RCPT": ["after 0.3: 250 ok"], "DATA": ["dribble 0.05: 354 go on"], "DOT": ["accept-hang"]}
    with playing(script) as server:
        client = Client(server)
        client.hear()
        client.line.sendall(WORDS[1].encode() + b"\r\n")
        assert client.file.read(len(GARBAGE)) == GARBAGE
        for verb, least in ((WORDS[2], 0.3), (WORDS[3], 0.05 * 10)):
            begun = time.monotonic()
            assert client.say(verb)[:1] in "23" and time.monotonic() - begun >= least, verb
        client.line.settimeout(0.3)
        assert client.say(LETTER) == "silence" and len(server.letters) == 1


def test_greylist():
    with playing({"RCPT": "greylist"}) as server:
        client = Client(server)
        client.hear()
        assert [client.say(f"RCPT TO:<{to}@b.example>")[:3] for to in "aab"] == ["450", "250", "450"]


if __name__ == "__main__":
    support.run_tests(globals())
