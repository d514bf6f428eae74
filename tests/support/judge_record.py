"""What the judge looks at: the letters that arrived, what the test did, and the tables of the house."""
import collections
import datetime as dt
import email
import email.utils
import hashlib
import json
import pathlib
from typing import NamedTuple


class Letter(NamedTuple):
    message_id: str  # without <>
    to: str
    hash: str
    place: str       # where it lies, for a finding
    unix: bool = False  # hashed with LF line ends: what keeps it does not tell CRLF


def letter_of(raw, place, to=None, unix=False):
    mail = email.message_from_bytes(raw)
    reader = to or email.utils.parseaddr(mail["To"] or "")[1]
    return Letter(bare(mail["Message-ID"]), reader.lower(), hashlib.sha256(raw).hexdigest(), place, unix)


def bare(message_id):
    return (message_id or "").strip().strip("<>")


def in_maildir(house):
    return [letter_of(path.read_bytes(), path.name) for path in house.maildir()]


def of_server(server):
    with server.lock:
        return of_rows(server.letters)


def of_log(path):
    return of_rows(row for row in map(json.loads, pathlib.Path(path).read_text().splitlines()) if "message_id" in row)


def of_rows(rows):
    return [Letter(bare(row["message_id"]), row["to"].lower(), row["hash"], f"letter {n} of the relay")
            for n, row in enumerate(rows, 1)]


def of_dumps(folder):
    """smtp-sink puts envelope lines before the letter and keeps LF."""
    found, envelope = [], (b"X-Client-", b"X-Helo-", b"X-Mail-", b"X-Rcpt-", b"Received:", b"\t", b" ")
    for path in pathlib.Path(folder).iterdir():
        lines = path.read_bytes().split(b"\n")
        to = next((l.split(b"<")[1].split(b">")[0].decode() for l in lines if l.startswith(b"X-Rcpt-Args:")), None)
        start = next(n for n, line in enumerate(lines) if not line.startswith(envelope))
        found.append(letter_of(b"\n".join(lines[start:]), path.name, to, unix=True))
    return found


class Stop(NamedTuple):
    why: str
    at: dt.datetime
    subject: str
    party: str
    address: str


class History:
    """What a test did and what must come of it."""

    def __init__(self):
        self.expected = collections.Counter()  # (worker, subject, step or None) -> times
        self.stops, self.faults = [], []

    def expect(self, worker, subject, step=None, times=1):
        self.expected[worker, subject, step] += times

    def stop(self, why, subject=None, party=None, address=None, at=None):
        """To be called when its COMMIT has been answered."""
        self.stops.append(Stop(why, at or dt.datetime.now(dt.timezone.utc), subject, party, address))

    def fault(self, what):
        self.faults.append((dt.datetime.now(dt.timezone.utc), what))


class Record:
    """The tables, read once; rows are named tuples in the order of their keys."""
    QUESTIONS = {
        "jobs": "SELECT agency_id, worker, subject_id, cycle, step, job_id, subject, party, state, reason FROM job",
        "fired": "SELECT agency_id, worker, subject_id, cycle, step, job_id, subject, party_id, outcome FROM fired",
        "messages": "SELECT agency_id, message_id, worker, step, party, lower(address) AS address, internet_id, "
                    "letter, state, reply, claimed_by, claimed_at, returned FROM message",
        "steps": "SELECT agency_id, worker, subject_id, cycle, step, recipient, subject, message_id FROM message_step",
        "tasks": "SELECT agency_id, task_id, worker, step, party, matter, subjects, state FROM task",
        "holds": "SELECT h.agency_id, h.ext_id, h.about || ':' || s.ext_id AS about, h.kind, h.until_on, h.released_on "
                 "FROM hold h JOIN subject s ON s.agency_id = h.agency_id AND s.kind = h.about "
                 "AND s.subject_id = h.subject_id",
        "suppressions": "SELECT agency_id, address, since FROM suppression",
        "imports": "SELECT agency_id, import_id, entity FROM import",
        "events": "SELECT agency_id, seq, at, actor, kind, about, detail::text AS detail, hash FROM event",
        "heads": "SELECT agency_id, seq, hash FROM event_head",
        "spent": "SELECT agency_id, scope, day, count FROM spent",
        "parties": "SELECT agency_id, subject_id, kind || ':' || ext_id AS name FROM subject "
                   "WHERE kind IN ('facility', 'therapist', 'payer', 'staff')",
        "agencies": "SELECT agency_id, timezone FROM agency",
    }

    def __init__(self, house):
        for name, question in self.QUESTIONS.items():
            house.sql("SELECT 1")  # connects anew after a fault
            with house.connection.cursor() as cursor:
                cursor.execute(question + " ORDER BY 1, 2")
                row = collections.namedtuple(name, [column.name for column in cursor.description])
                setattr(self, name, [row(*values) for values in cursor.fetchall()])
        self.message = {(m.agency_id, m.message_id): m for m in self.messages}
        self.steps_of = collections.defaultdict(list)   # a letter's steps
        self.letters_of = collections.defaultdict(list)  # a step's letters
        for step in self.steps:
            self.steps_of[step.agency_id, step.message_id].append(step)
            self.letters_of[key(step)].append(self.message[step.agency_id, step.message_id])
        self.events_about = collections.defaultdict(list)
        for event in self.events:
            self.events_about[event.agency_id, event.about].append(event)

    def kinds(self, agency, about, kind):
        return [event for event in self.events_about[agency, about] if event.kind == kind]


def key(row):
    return row.agency_id, row.worker, row.subject_id, row.cycle, row.step
