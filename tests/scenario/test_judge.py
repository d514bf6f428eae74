"""The judge judged: it finds nothing in a clean run, and each fault planted by hand, and only that.

A real office of letters that went into the Maildir. Each fault is planted in its database or its files, found, and
taken back.
"""
import contextlib
import datetime as dt
import socket
import subprocess
import sys
import zoneinfo

import house as support
from house import House
from judge import History, Judge, Traces, in_maildir
from judge_events import link
from judge_record import Record

LETTERS = 24
ROOM = "invoice_escalation"


def paid(house, history):
    """A payment that was committed before the letter was claimed."""
    subject, at = house.sql("SELECT s.subject, m.claimed_at - interval '1 minute' FROM message m JOIN message_step s "
                            "USING (agency_id, message_id) WHERE m.worker = %s LIMIT 1", ROOM)[0]
    history.stop("paid", subject=subject, at=at)


def copied(change):
    """The same letter twice in the sink, the copy changed."""
    def plant(house, history, letters):
        letters.append(change(letters[0]))
    return plant


def sent_again(change, doubt):
    """The same under if_unknown: resend; was its outcome in doubt before?"""
    def plant(house, history, letters):
        letters.append(change(letters[0]))
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: d["mail"].update(if_unknown="resend"))
        if doubt:
            message, = house.sql("SELECT message_id FROM message WHERE internet_id = %s", letters[0].message_id)[0]
            forge(house, "schedule.applied", "message.unknown", f"message:{message}")
    return plant


def forge(house, kind, other_kind, about):
    """Makes the first event of a kind another, and the whole chain after it anew."""
    first = house.one("SELECT min(seq) FROM event WHERE kind = %s", kind)
    house.sql("UPDATE event SET kind = %s, about = %s WHERE seq = %s", other_kind, about, first)
    events = Record(house).events
    prior = bytes(events[first - 2].hash)
    for event in events[first - 1:]:
        prior = link(prior, event)
        house.sql("UPDATE event SET hash = %s WHERE seq = %s", prior, event.seq)
    house.sql("UPDATE event_head SET hash = %s", prior)


def sql(text):
    def plant(house, history, letters):
        assert house.sql(text) != 0, f"nothing planted: {text}"
    return plant


def file_removed(house, history, letters):
    del letters[0]


def rewritten_event(house, history, letters):
    """An edit whose author has made the hash anew, but not those after it."""
    events = [e for e in Record(house).events if e.seq in (3, 4)]
    house.sql("UPDATE event SET actor = 'nobody', hash = %s WHERE seq = 4 AND agency_id = 1",
              link(bytes(events[0].hash), events[1]._replace(actor="nobody")))


ONE = "(SELECT min(message_id) FROM message WHERE worker = 'invoice_escalation')"
ONE_JOB = "(SELECT min(job_id) FROM fired WHERE worker = 'invoice_escalation')"
JOB = ("INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject, "
       "party, state) SELECT agency_id, worker, {subject_id}, cycle, step, ordinal, party_id, nominal, at, {subject}, "
       "'facility:F-X', {state} FROM fired WHERE job_id = " + ONE_JOB)

# what is planted -> the kinds of the findings, each at least once and no other
PLANTED = {
    "a ledger row deleted": (sql(f"DELETE FROM fired WHERE job_id = {ONE_JOB}"), {"lost"}),
    "a job left in the queue": (sql(JOB.format(subject_id="subject_id", subject="subject", state="'ready'")), {"open"}),
    "a job that nobody asked for": (
        sql(JOB.format(subject_id="subject_id + 100000", subject="'invoice:INV-X'", state="'parked'")),
        {"unexpected", "lost"}),
    "a step in the ledger for another round": (
        sql("INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, "
            "nominal, at, subject) SELECT agency_id, worker, subject_id, cycle + 1, step, job_id + 100000, ordinal, "
            f"party_id, 'done', nominal, at, subject FROM fired WHERE job_id = {ONE_JOB}"), {"twice", "lost"}),
    "a step that nobody asked for": (
        sql(f"UPDATE fired SET subject = 'invoice:INV-X' WHERE job_id = {ONE_JOB}"), {"lost", "unexpected"}),
    "an end without effect and without a task": (
        sql(f"UPDATE fired SET outcome = 'never' WHERE job_id = {ONE_JOB}"), {"lost"}),
    "an end without effect or event": (
        sql("UPDATE fired SET outcome = 'superseded', subject_id = subject_id + 100000, subject = 'invoice:INV-00000' "
            f"WHERE job_id = {ONE_JOB}"), {"lost", "silent"}),
    "a letter missing at the sink": (file_removed, {"lost"}),
    "a letter copied": (copied(lambda l: l._replace(place="copy")), {"twice"}),
    "a letter sent again without a doubt": (sent_again(lambda l: l._replace(place="copy"), doubt=False), {"twice"}),
    "a letter sent again in doubt, equal": (sent_again(lambda l: l._replace(place="copy"), doubt=True), set()),
    "a letter sent again in doubt, with other bytes": (
        sent_again(lambda l: l._replace(hash="0" * 64, place="copy"), doubt=True), {"twice", "unexpected"}),
    "a letter copied with other bytes": (copied(lambda l: l._replace(hash="0" * 64, place="copy")),
                                         {"twice", "unexpected"}),
    "a second letter under another Message-ID": (copied(lambda l: l._replace(message_id="other@house", place="copy")),
                                                 {"unexpected"}),
    "a letter to another reader": (sql(f"UPDATE message SET address = 'x@y.example' WHERE message_id = {ONE}"),
                                   {"unexpected"}),
    "a letter altered in the outbox": (sql(f"UPDATE message SET letter = letter || '!' WHERE message_id = {ONE}"),
                                       {"unexpected"}),
    "a letter set back to sending": (sql(f"UPDATE message SET state = 'sending' WHERE message_id = {ONE}"), {"open"}),
    "a letter in doubt of which nobody knows": (sql(f"UPDATE message SET state = 'unknown' WHERE message_id = {ONE}"),
                                                {"lost", "silent"}),
    "a letter failed that arrived": (sql(f"UPDATE message SET state = 'failed' WHERE message_id = {ONE}"),
                                     {"lost", "unexpected", "silent"}),
    "a letter without its steps": (sql(f"DELETE FROM message_step WHERE message_id = {ONE}"), {"lost", "unexpected"}),
    "a letter for a paid invoice": (lambda house, history, _: paid(house, history), {"after a stop"}),
    "a letter to a suppressed address": (
        sql("INSERT INTO suppression (agency_id, address, reason, since) SELECT agency_id, lower(address), 'refused', "
            f"claimed_at - interval '1 minute' FROM message WHERE message_id = {ONE}"), {"after a stop", "silent"}),
    "an event removed": (sql(f"DELETE FROM event WHERE about = 'message:' || {ONE} AND kind = 'message.sent'"),
                         {"silent", "chain"}),
    "an event altered": (sql(f"UPDATE event SET about = 'message:0' WHERE about = 'message:' || {ONE} "
                             "AND kind = 'message.sent'"), {"silent", "chain"}),
    "an event's detail altered": (sql("UPDATE event SET detail = '{\"reason\":\"other\"}' WHERE seq = 3"), {"chain"}),
    "an event altered with its hash": (rewritten_event, {"chain"}),
    "the last event cut off": (sql("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)"), {"chain", "silent"}),
    "a task without its event": (
        sql("INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, assignee_id, priority, "
            "due_on, created_at) SELECT 1, 'task_desk', 'x', 'staff:VA-1', 'planted', '{}', 'x', 'x', min(staff_id), "
            "'low', '2027-01-01', '2027-01-01' FROM staff"), {"silent"}),
    "a hold without its event": (
        sql("INSERT INTO hold (agency_id, ext_id, about, subject_id, kind, from_on, reason) "
            "SELECT 1, 'H-X', 'invoice', min(invoice_id), 'dispute', '2026-01-01', 'x' FROM invoice"), {"silent"}),
    "an import without its event": (
        sql("INSERT INTO import (agency_id, entity, at, digest, imported, updated, unchanged, refused) "
            "SELECT agency_id, entity, at, 'x', 0, 0, 0, 0 FROM import LIMIT 1"), {"silent"}),
    "a cap exceeded": (sql("UPDATE spent SET count = 2 WHERE scope = 'facility:F-00000 invoice_escalation'"), {"caps"}),
    "four letters to one person in a day": (
        sql("UPDATE message SET address = (SELECT address FROM message WHERE message_id = 4) WHERE message_id < 4"),
        {"caps", "unexpected"}),
}


@contextlib.contextmanager
def taken_back(house):
    """What is written inside is rolled back at the end, a file of the configuration too."""
    settings = house.dir / "config/ticklerd.yaml"
    text = settings.read_text()
    house.sql("SELECT 1")
    house.connection.autocommit = False
    try:
        yield
    finally:
        house.connection.rollback()
        house.connection.autocommit = True
        settings.write_text(text)


def kinds(findings):
    return {sentence.split(":", 1)[0] for sentence in findings}


def expected():
    history = History()
    for n in range(LETTERS):
        history.expect(ROOM, f"invoice:INV-{n:05}")
    return history


def plant(house, name):
    planted, wanted = PLANTED[name]
    history, letters = expected(), in_maildir(house)
    with taken_back(house):
        planted(house, history, letters)
        found = Judge(house, history, letters).findings()
    assert kinds(found) == wanted, f"{name}: found {found or 'nothing'} instead of {wanted}"
    assert len(found) <= 4, f"{name}: too much is found: {found}"
    print(f"  {name}: {'; '.join(found)}")


def plant_in_files(house):
    """What a house that has stopped may have left: each is found, alone."""
    def sleeper():
        return subprocess.Popen(["sleep", "60"], cwd=house.dir)

    def listener():
        line = socket.socket(socket.AF_UNIX)
        line.bind(str(house.dir / "run/planted.sock"))
        return line
    (house.dir / "mail/tmp/planted").write_text("half a letter")
    found_alone(house, "temporary file planted")
    (house.dir / "mail/tmp/planted").unlink()
    stray = sleeper()
    found_alone(house, f"process {stray.pid}")
    stray.kill()
    stray.wait()
    listener().close()
    found_alone(house, "socket run/planted.sock")
    (house.dir / "run/planted.sock").unlink()
    (house.dir / "postgres/postmaster.pid").write_text("1\n")
    found_alone(house, "lock postgres/postmaster.pid")
    (house.dir / "postgres/postmaster.pid").unlink()
    (house.temporary / "planted").mkdir()
    found_alone(house, "temporary file planted is left in $TMPDIR")
    (house.temporary / "planted").rmdir()


def found_alone(house, wanted):
    try:
        Judge.nothing_left(house)
    except AssertionError as error:
        assert wanted in str(error) and str(error).startswith("1 left"), error
        print(f"  {wanted}")
        return
    raise AssertionError(f"not found: {wanted}")


def main():
    with House() as house:
        house.init()
        house.only(ROOM, "task_desk")
        support.open_window(house)
        house.schedule(ROOM, limits={"per_party_per_day": 1, "per_run": 0}, stop_if_data_older_than=None)
        house.start()
        today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
        house.tickler("import", "--dir", support.overdue_folder(house, LETTERS, today))
        before = Traces(house)
        house.tickler("run", ROOM)
        house.drain()
        Judge(house, expected(), in_maildir(house)).check()
        assert not list(before.more_descriptors(house))
        for name in sys.argv[1:] or PLANTED:
            plant(house, name)
        Judge(house, expected(), in_maildir(house)).check()
        house.stop()
        Judge.nothing_left(house)
        plant_in_files(house)
        print(f"ok: {len(PLANTED) + 5} faults planted, all found")


if __name__ == "__main__":
    support.leave_root()
    main()
