#!/usr/bin/python3
"""A mail server that does what a script says at each verb, and writes down what it accepted.

    server = ScriptedServer(script={"RCPT": ["450 later"], "DOT": ["cut"]}, log=path); server.start(); server.port

`script` maps a place (CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, DOT, QUIT) to answers used one after the other; when
they run out, the server is well-behaved. `RCPT a@b.example` is the place for this address alone. A text instead of a list
is the answer every time. An answer is a reply line (several are divided by |), or
    cut, reset, hang    closes the line without a word (FIN, RST), or says nothing and keeps it open
    accept-cut, accept-reset, accept-hang   takes the letter first
    garbage             says what is no reply, and waits
    after N: REPLY      says it N seconds later; a letter that it accepts is accepted before
    dribble N: REPLY    says it a byte at a time, N seconds apart
    greylist            450 at the first try of each address, 250 later
It offers STARTTLS with `tls` (certificate(folder)), and AUTH when the script speaks of it; any password is right. Each
accepted letter is one JSON line: message_id, hash, to, at.
"""
import email
import hashlib
import json
import os
import re
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time

GOOD = {"CONNECT": "220 ready", "EHLO": "250 hello", "STARTTLS": "220 go", "AUTH": "235 welcome", "MAIL": "250 ok",
        "RCPT": "250 ok", "DATA": "354 go on", "DOT": "250 taken", "QUIT": "221 bye"}
GARBAGE = b"\x00\xffwhat?\r\n25\r\n5hundred\r\n" + bytes(range(128, 256)) + b"\r\n"
TIMED = re.compile(r"(after|dribble) ([0-9.]+): (.*)")


def certificate(folder):
    """The server's side of TLS on 127.0.0.1, made new; a client trusts folder/cert.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class Conversation(socketserver.StreamRequestHandler):
    def answer(self, place, to=None):
        """What to say here; None ends the conversation."""
        word = self.server.next_answer(place, to)
        if word == "greylist":
            return GOOD[place] if self.server.has_tried(to) else "450 4.2.0 greylisted"
        if word in ("cut", "reset", "hang"):
            self.end(word)
            return None
        return word

    def end(self, how):
        """What precedes the end of the line."""
        if how == "hang":
            self.server.stopping.wait(120)
        elif how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def say(self, place, to=None):
        word = self.answer(place, to)
        return word and self.speak(word)

    def speak(self, word):
        """Answers the bare reply."""
        if word == "garbage":
            self.wfile.write(GARBAGE)
            return word
        timed = TIMED.fullmatch(word)
        how, seconds, reply = timed.groups() if timed else (None, 0, word)
        line = reply.replace("|", "\r\n").encode() + b"\r\n"
        if how == "after":
            self.server.stopping.wait(float(seconds))
        for piece in [line[i:i + 1] for i in range(len(line))] if how == "dribble" else [line]:
            self.wfile.write(piece)
            if how == "dribble":
                self.server.stopping.wait(float(seconds))
        return reply

    def handle(self):
        try:
            self.converse()
        except (OSError, ValueError):
            pass  # a client that was killed says no farewell

    def finish(self):
        try:
            self.connection.close()
        finally:
            super().finish()

    def converse(self):
        if not self.say("CONNECT"):
            return
        to = None
        while True:
            line = self.rfile.readline().decode(errors="replace").strip()
            verb = line.split(" ")[0].upper()
            if not line:
                return
            place = {"HELO": "EHLO"}.get(verb, verb)
            if place not in GOOD:
                self.wfile.write(b"250 ok\r\n")
                continue
            if place == "RCPT":
                to = line[line.find("<") + 1:line.find(">")]
            if place == "AUTH" and not self.hear_password(line):
                return
            word = self.say(place, to)
            if word is None or place == "QUIT":
                return
            if place == "STARTTLS" and word.startswith("220"):
                self.encrypt()
            if place == "DATA" and word.startswith("354") and not self.take_letter(to):
                return

    def hear_password(self, line):
        if len(line.split(" ")) < 3:
            self.wfile.write(b"334 \r\n")
            return self.rfile.readline()
        return line

    def encrypt(self):
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def take_letter(self, to):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if not line:
            return False
        word = self.answer("DOT", to)
        if word and (word.startswith("accept-") or re.match(r"((after|dribble) [0-9.]+: )?250", word)):
            self.server.accepted(b"".join(lines), to)
        if word and word.startswith("accept-"):
            self.end(word.removeprefix("accept-"))
            return False
        return word and self.speak(word)


class ScriptedServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, script=None, log=None, tls=None):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.script = {place: words if isinstance(words, str) else list(words) for place, words in (script or {}).items()}
        self.log, self.tls = log, tls
        self.letters, self.tried = [], set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def port(self):
        return self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def next_answer(self, place, to=None):
        with self.lock:
            for key in (f"{place} {to}", place):
                words = self.script.get(key)
                if words:
                    return words if isinstance(words, str) else words.pop(0)
        return "|".join(self.greeting()) if place == "EHLO" else GOOD[place]

    def greeting(self):
        offers = ["STARTTLS"] * bool(self.tls) + ["AUTH PLAIN"] * ("AUTH" in self.script)
        lines = ["hello", *offers]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    def unused(self):
        """{place: answers that nobody came for}"""
        with self.lock:
            return {place: list(words) for place, words in self.script.items() if words and not isinstance(words, str)}

    def has_tried(self, to):
        with self.lock:
            known = to in self.tried
            self.tried.add(to)
            return known

    def accepted(self, letter, to):
        row = {"message_id": email.message_from_bytes(letter)["Message-ID"], "hash": hashlib.sha256(letter).hexdigest(),
               "to": to, "at": time.time()}
        with self.lock:
            self.letters.append(row)
            if self.log:
                with open(self.log, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
