"""The part of the judge that reads the event log: is every change told once, no change told that is not there, and is
the chain unbroken? The hash is made here from the schema's rule alone, in Python."""
import collections
import hashlib
import json

from judge_record import Stop, key

STATES = ("sent", "unknown", "failed")


def silent(record):
    yield from letters(record)
    yield from tasks(record)
    yield from jobs(record)
    yield from others(record)


def letters(record):
    """A letter ends sent or unknown once; it may fail often before."""
    for m in record.messages:
        about = f"message:{m.message_id}"
        told = [event.kind.removeprefix("message.") for event in record.events_about[m.agency_id, about]
                if event.kind.startswith("message.")]
        results = [word for word in told if word in STATES]
        if m.state in STATES and (not results or results[-1] != m.state):
            yield (f"silent: message {m.message_id} is {m.state}, and its last event is "
                   f"{'message.' + results[-1] if results else 'none'}")
        if results.count("sent") > 1:
            yield f"silent: message {m.message_id} has {results.count('sent')} events message.sent"
        if "sent" in results[:-1] and results[-1] != "sent":
            yield f"silent: message {m.message_id} was sent, says an event, and then {results[-1]}"
        if m.returned is not None and "returned" not in told:
            yield f"silent: message {m.message_id} came back without an event"


def tasks(record):
    for t in record.tasks:
        about = f"task:{t.task_id}"
        kinds = collections.Counter(event.kind for event in record.events_about[t.agency_id, about])
        if kinds["task.created"] != 1:
            yield f"silent: task {t.task_id} has {kinds['task.created']} events task.created"
        for state in ("done", "withdrawn"):
            if kinds[f"task.{state}"] != (t.state == state):
                yield f"silent: task {t.task_id} is {t.state} and has {kinds[f'task.{state}']} events task.{state}"
    known = {(t.agency_id, f"task:{t.task_id}") for t in record.tasks}
    for event in record.events:
        if event.kind == "task.created" and (event.agency_id, event.about) not in known:
            yield f"silent: event {event.seq} tells of {event.about}, which is not there"


def jobs(record):
    """`done` is in the ledger and in its letter's or task's event; the other ends have events of their own."""
    for row in record.fired:
        if row.outcome == "done":
            continue
        told = {event.kind for event in record.events_about[row.agency_id, row.subject]}
        carried = row.outcome == "never" and record.letters_of[key(row)]
        if f"job.{row.outcome}" not in told and not carried:
            yield f"silent: job {row.job_id} of {row.subject} ended as {row.outcome} without an event"


def others(record):
    holds = collections.Counter((h.agency_id, h.about) for h in record.holds)
    imported = {i.agency_id for i in record.imports if i.entity == "holds"}
    for (agency, about), count in holds.items():
        told = len(record.kinds(agency, about, "hold.placed"))
        if agency not in imported and told != count:
            yield f"silent: {about} has {count} holds and {told} events hold.placed"
    for h in record.holds:
        if h.released_on and not record.kinds(h.agency_id, f"hold:{h.ext_id}", "hold.released"):
            yield f"silent: hold {h.ext_id} was released without an event"
    for s in record.suppressions:
        if not record.kinds(s.agency_id, address_name(s.address), "address.suppressed"):
            yield f"silent: {address_name(s.address)} is suppressed without an event"
    for (agency, entity), count in collections.Counter((i.agency_id, i.entity) for i in record.imports).items():
        told = len(record.kinds(agency, f"import:{entity}", "import.done"))
        if told != count:
            yield f"silent: {count} imports of {entity} and {told} events import.done"


def address_name(address):
    return "address:" + hashlib.sha256(address.encode()).hexdigest()[:16]


# --- stops that the record itself knows

def stops_on_record(record, m):
    """Suppressions and holds that concern a letter, as Stop."""
    for s in record.suppressions:
        if s.agency_id == m.agency_id and s.address == m.address:
            yield Stop("suppressed", s.since, None, None, s.address)
    for h in record.holds:
        if h.agency_id != m.agency_id or h.released_on or (h.until_on and m.claimed_at.date() > h.until_on):
            continue
        for event in record.kinds(h.agency_id, h.about, "hold.placed"):
            yield Stop(h.kind, event.at, h.about, h.about, None)


# --- the chain

def chain(record):
    last = {}  # agency -> (seq, hash)
    for event in record.events:
        seq, prior = last.get(event.agency_id, (0, hashlib.sha256(b"").digest()))
        if event.seq != seq + 1:
            yield f"chain: event {event.seq} of agency {event.agency_id} follows event {seq}"
        elif bytes(event.hash) != link(prior, event):
            yield f"chain: event {event.seq} of agency {event.agency_id} has another hash than follows from its row"
        last[event.agency_id] = event.seq, bytes(event.hash)
    for head in record.heads:
        seq, end = last.get(head.agency_id, (0, hashlib.sha256(b"").digest()))
        if (seq, end) != (head.seq, bytes(head.hash)):
            yield f"chain: agency {head.agency_id} ends at event {seq}, its head says {head.seq}"


def link(prior, event):
    """sha256(prior || [agency, seq, seconds since 1970, actor, kind, about, detail]) as Postgres writes jsonb."""
    at = f"{int(event.at.timestamp())}.{event.at.microsecond:06}"
    words = [json.dumps(word, ensure_ascii=False) for word in (event.actor, event.kind, event.about)]
    row = f"[{event.agency_id}, {event.seq}, {at}, {', '.join(words)}, {event.detail}]"
    return hashlib.sha256(prior + row.encode()).digest()
