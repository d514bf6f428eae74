#!/usr/bin/python3
"""A mail server that does what a script says at each verb, and writes down what it accepted.

    server = ScriptedServer(script={"RCPT": ["450 later"], "DOT": ["cut"]}, log=path); server.start(); server.port

`script` maps a place (CONNECT, EHLO, MAIL, RCPT, DATA, DOT) to answers used one after the other; when they run out, the
server is well-behaved. An answer is a reply line, or
    cut        closes the line without a word
    hang       says nothing and keeps the line open
    accept-cut takes the letter, then closes the line before the 250
Each accepted letter is one JSON line: message_id, hash, to, at.
"""
import email
import hashlib
import json
import socketserver
import threading
import time

GOOD = {"CONNECT": "220 ready", "EHLO": "250 hello", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on",
        "DOT": "250 taken"}


class Conversation(socketserver.StreamRequestHandler):
    def answer(self, place):
        """What to say here; None ends the conversation."""
        word = self.server.next_answer(place)
        if word == "cut":
            return None
        if word == "hang":
            self.server.stopping.wait(120)
            return None
        return word

    def say(self, place):
        word = self.answer(place)
        if word is None or word == "accept-cut":
            return None
        self.wfile.write((word + "\r\n").encode())
        return word

    def handle(self):
        try:
            self.converse()
        except ConnectionError:
            pass  # a client that was killed says no farewell

    def converse(self):
        if not self.say("CONNECT"):
            return
        to = None
        while True:
            line = self.rfile.readline().decode(errors="replace").strip()
            verb = line[:4].upper()
            if not line or verb == "QUIT":
                return
            place = {"HELO": "EHLO"}.get(verb, verb)
            if place not in GOOD:
                self.wfile.write(b"250 ok\r\n")
                continue
            if place == "RCPT":
                to = line[line.find("<") + 1:line.find(">")]
            word = self.say(place)
            if word is None:
                return
            if place == "DATA" and word.startswith("354") and not self.take_letter(to):
                return

    def take_letter(self, to):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if not line:
            return False
        word = self.answer("DOT")
        if word == "accept-cut" or (word or "").startswith("250"):
            self.server.accepted(b"".join(lines), to)
        if word is None or word == "accept-cut":
            return False
        self.wfile.write((word + "\r\n").encode())
        return True


class ScriptedServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, script=None, log=None):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.script = {place: list(words) for place, words in (script or {}).items()}
        self.log = log
        self.letters = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def port(self):
        return self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def next_answer(self, place):
        with self.lock:
            words = self.script.get(place)
            return words.pop(0) if words else GOOD[place]

    def accepted(self, letter, to):
        row = {"message_id": email.message_from_bytes(letter)["Message-ID"], "hash": hashlib.sha256(letter).hexdigest(),
               "to": to, "at": time.time()}
        with self.lock:
            self.letters.append(row)
            if self.log:
                with open(self.log, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
