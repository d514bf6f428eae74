"""Judges a run of the house from outside, by the record, the letters that arrived and what the test itself did.

    history = History()
    history.expect("invoice_escalation", "invoice:INV-00001")   # a step, and the letter or task that it causes
    before = Traces(house)                                      # of the living: before.more_descriptors(house)
    ...                                                         # faults; history.fault("worker 4711 killed")
    history.stop("paid", subject="invoice:INV-00007")           # after its COMMIT: no letter from now on
    Judge(house, history, letters=in_maildir(house)).check()    # after the drain; raises with every finding
    house.stop()
    Judge.nothing_left(house)

It shares no code with the product: it reads the tables as the schema's owner and follows the rules that README.md and
the schema state. Letters come from in_maildir(house), of_server(server) (smtp_script.py), of_log(path) (its JSON lines)
or of_dumps(folder) (smtp-sink -d). Each finding is one sentence with ids. What it holds:

    lost          an expected step neither in the ledger, nor parked, nor ended for a reason; one that is `done` without
                  its letter or task; a letter `sent` that did not arrive; an end without effect and without a task
    unexpected    a step or a letter that nobody asked for; other bytes or another reader than the outbox says
    twice         a step in the ledger more often than expected; a letter twice, unless if_unknown is `resend`, its
                  outcome was once unknown, and both copies are equal
    after a stop  a letter claimed later than a payment, hold, suppression ... was committed
    silent        a letter's result, a task, a hold, a suppression, an import, an end of a job without its event, or an
                  event without the change
    chain         the hash of each event, recomputed
    open          a letter under way, a job in the queue
    caps          more contacts in a day than the configuration allows
"""
import collections
import hashlib
import zoneinfo

import yaml

import judge_events
from judge_record import History, Record, in_maildir, key, of_dumps, of_log, of_server  # noqa: F401: for the tests too
from traces import Traces, leftovers  # noqa: F401


class Judge:
    LEEWAY_S = 1  # between a window's look at the records and the instant written on its letters

    def __init__(self, house, history, letters=(), drained=True):
        self.house, self.history, self.arrived, self.drained = house, history, list(letters), drained
        self.record = Record(house)
        self.settings = yaml.safe_load((house.dir / "config/ticklerd.yaml").read_text())

    def check(self):
        """Raises with every finding, or answers the line that says what was looked at and what it bounds."""
        found = self.findings()
        assert not found, f"{len(found)} findings:\n  " + "\n  ".join(found)
        print("  " + self.summary(), flush=True)
        return self.summary()

    def findings(self):
        rules = (self.steps, self.unexpected, self.ends, self.under_way, self.arrivals, self.twice, self.stops,
                 self.caps)
        found = [sentence for rule in rules for sentence in rule()]
        return found + list(judge_events.silent(self.record)) + list(judge_events.chain(self.record))

    def summary(self):
        steps = sum(self.history.expected.values())
        return (f"{steps} steps, {len(self.arrived)} letters, {len(self.record.events)} events, "
                f"{len(self.history.faults)} faults, {len(self.history.stops)} stops: lost, unexpected or twice "
                f"{bound(0, steps)}")

    @staticmethod
    def nothing_left(house):
        """After the house has stopped: no process, temporary file, lock or socket of it."""
        found = list(leftovers(house))
        assert not found, f"{len(found)} left:\n  " + "\n  ".join(found)

    # --- the queue and the ledger

    def steps(self):
        """Expected steps: once, or a reason."""
        fired, queued = collections.defaultdict(list), collections.defaultdict(list)
        for rows, by in ((self.record.fired, fired), (self.record.jobs, queued)):
            for row in rows:
                if getattr(row, "outcome", "") != "superseded":
                    by[row.worker, row.subject, row.step].append(row)
                    by[row.worker, row.subject, None].append(row)
        for wish, times in self.history.expected.items():
            worker, subject, step = wish
            name = f"{step or 'a step'} of {subject} ({worker})"
            if len(fired[wish]) > times:
                yield f"twice: {name} is in the ledger {len(fired[wish])} times instead of {times}"
            open_jobs = len(queued[wish])
            if len(fired[wish]) + open_jobs < times and not self.ended_for_a_reason(subject):
                yield f"lost: {name} is neither in the ledger nor in the queue"

    def ended_for_a_reason(self, subject):
        return any(event.about == subject and event.kind in ("job.moot", "job.held") for event in self.record.events)

    def unexpected(self):
        workers = {worker for worker, _, _ in self.history.expected}
        for rows, where in ((self.record.fired, "the ledger"), (self.record.jobs, "the queue")):
            for row in rows:
                if row.worker in workers and not ({(row.worker, row.subject, row.step), (row.worker, row.subject, None)}
                                                  & self.history.expected.keys()):
                    yield f"unexpected: job {row.job_id}, step {row.step} of {row.subject}, stands in {where}"

    def ends(self):
        """What a step came to: its letter, its task, or a person who knows."""
        for row in self.record.fired:
            letters = self.record.letters_of[key(row)]
            name = f"job {row.job_id}, step {row.step} of {row.subject}"
            if row.outcome == "done" and row.worker != "task_desk":
                if not any(m.state != "failed" for m in letters) and not self.tasks_about(row, letters):
                    yield f"lost: {name} is done, and neither a letter nor a task carries it"
            elif row.outcome == "never" and not self.tasks_about(row, letters):
                yield f"lost: {name} ended as never, and nobody has a task about it"
        for job in self.record.jobs:
            if job.state == "parked" and not self.tasks_about(job, []):
                yield f"lost: job {job.job_id} of {job.subject} is parked, and nobody has a task about it"

    def tasks_about(self, row, letters):
        parties = {m.party for m in letters} | {getattr(row, "party", None)} | {
            p.name for p in self.record.parties if hasattr(row, "party_id") and p.subject_id == row.party_id}
        return [t for t in self.record.tasks if t.agency_id == row.agency_id
                and (row.subject in t.subjects or t.party in parties or t.party == f"job:{row.job_id}")]

    def under_way(self):
        for job in self.record.jobs:
            if self.drained and job.state != "parked" and job.worker != "task_desk":
                yield f"open: job {job.job_id}, step {job.step} of {job.subject}, is still {job.state} ({job.reason})"
        for m in self.record.messages:
            if m.state == "sending":
                yield f"open: message {m.message_id} is still sending, claimed by {m.claimed_by}"

    # --- letters

    def arrivals(self):
        """Each letter that arrived is one of the outbox, in bytes and reader; each that was sent arrived."""
        outbox = {m.internet_id: m for m in self.record.messages}
        seen = {letter.message_id for letter in self.arrived}
        for letter in self.arrived:
            m = outbox.get(letter.message_id)
            if m is None:
                yield f"unexpected: {letter.place} ({letter.message_id}) is in no outbox"
                continue
            raw = bytes(m.letter)
            mine = hashlib.sha256(raw.replace(b"\r\n", b"\n") if letter.unix else raw).hexdigest()
            if mine != letter.hash:
                yield f"unexpected: {letter.place} has other bytes than message {m.message_id}"
            if letter.to != m.address:
                yield f"unexpected: {letter.place} went to somebody else than message {m.message_id} says"
            if m.state == "failed":
                yield f"unexpected: message {m.message_id} arrived and is on record as failed ({m.reply})"
        for m in self.record.messages:
            if m.state == "sent" and m.internet_id not in seen:
                yield f"lost: message {m.message_id} is sent and did not arrive"
            if m.state == "unknown" and f"unknown message:{m.message_id}" not in {t.matter for t in self.record.tasks}:
                yield f"lost: message {m.message_id} is unknown, and nobody has a task about it"
            if not self.record.steps_of[m.agency_id, m.message_id] and m.state != "failed":
                yield f"unexpected: message {m.message_id} carries no step"

    def twice(self):
        copies = collections.defaultdict(list)
        for letter in self.arrived:
            copies[letter.message_id].append(letter)
        outbox = {m.internet_id: m for m in self.record.messages}
        may_resend = self.settings["mail"].get("if_unknown", "ask") == "resend"
        for message_id, letters in copies.items():
            m = outbox.get(message_id)
            if len(letters) == 1 or m is None:
                continue
            name = f"twice: message {m.message_id} arrived {len(letters)} times"
            if not may_resend:
                yield f"{name}, and if_unknown is ask"
            elif not self.record.kinds(m.agency_id, f"message:{m.message_id}", "message.unknown"):
                yield f"{name} without an unknown between"
            if len({letter.hash for letter in letters}) > 1:
                yield f"{name} with different bytes"

    def stops(self):
        for m in self.record.messages:
            if m.state == "failed":
                continue
            steps = self.record.steps_of[m.agency_id, m.message_id]
            for stop in list(self.history.stops) + list(judge_events.stops_on_record(self.record, m)):
                about = stop.subject in {s.subject for s in steps} or stop.party == m.party or stop.address == m.address
                late = (m.claimed_at - stop.at).total_seconds()
                if about and late > self.LEEWAY_S:
                    yield (f"after a stop: message {m.message_id} was claimed {late:.1f} s after it was known: "
                           f"{stop.why} ({stop.subject or stop.party or 'its address'})")

    # --- caps

    def caps(self):
        caps = {"relay": self.settings["mail"].get("limits", {}).get("per_day", 0)}
        of_person = self.settings.get("people", {}).get("letters_per_day", 3)
        for path in (self.house.dir / "config/schedules").glob("*.yaml"):
            caps[path.stem] = (yaml.safe_load(path.read_text()).get("limits") or {}).get("per_party_per_day", 0)
        for row in self.record.spent:
            last = row.scope.rsplit(" ", 1)[-1]
            cap = caps.get(last, of_person if row.scope.startswith("person ") else 0)
            if cap and row.count > cap:
                yield f"caps: {row.count} contacts on {row.day} of {scope_name(row.scope)}, and {cap} are allowed"
        yield from self.letters_over(of_person, caps["relay"])

    def letters_over(self, of_person, of_relay):
        """The same counted by letters. Letters of one decision are one contact."""
        zones = {a.agency_id: zoneinfo.ZoneInfo(a.timezone) for a in self.record.agencies}
        contacts, relay = collections.defaultdict(set), collections.Counter()
        for m in self.record.messages:
            if m.state == "failed":
                continue
            day = m.claimed_at.astimezone(zones[m.agency_id]).date()
            relay[day] += 1
            if not m.party.startswith("staff:") and m.step != "thank_you":
                decision = m.worker, m.party, m.claimed_by, int(m.claimed_at.timestamp())
                contacts[m.agency_id, m.address, day].add(decision)
        for (agency, address, day), times in contacts.items():
            if of_person and len(times) > of_person:
                ids = [m.message_id for m in self.record.messages if m.agency_id == agency and m.address == address]
                yield f"caps: {len(times)} letters to one person on {day} (messages {ids}), {of_person} are allowed"
        for day, count in relay.items():
            if of_relay and count > of_relay:
                yield f"caps: {count} letters on {day}, and the relay's day has {of_relay}"


def scope_name(scope):
    """Without the address, which is nobody's business in a log."""
    return " ".join(word for word in scope.split(" ") if "@" not in word)


def bound(failures, runs):
    """What so many failures in so many independent runs say about the rate: the rule of three."""
    if failures or not runs:
        return f"{failures} of {runs:,}"
    return f"0 of {runs:,}: under {300 / runs:.2g} % at 95 %"
