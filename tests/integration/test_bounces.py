"""What comes back: delivery reports in the bounces' Maildir suppress an address and make one task, each mail once, and nothing that
a stranger puts there does more than wait for a person. And the list of suppressed addresses, with reason and undo."""
import datetime as dt
import email
import os
import signal
import sys
import zoneinfo

import house as support
from house import House

REPORT = """From: MAILER-DAEMON@mx.example
To: ticklerd@localhost
Subject: Undelivered Mail Returned to Sender
X-Copy: {copy}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

This is the mail system.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{to}>: it said so

--b1
Content-Type: text/rfc822-headers

Message-ID: <{id}>
Subject: x

--b1--
"""


def begin(house, count):
    house.init()
    support.open_window(house)
    house.schedule("invoice_escalation", storm_brake=0, stop_if_data_older_than=None)
    house.start()
    today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    house.tickler("import", "--dir", support.overdue_folder(house, count, today))
    house.tickler("run", "invoice_escalation")
    house.drain()


def letters(house):
    """{address: Message-ID} of what was sent."""
    found = {}
    for path in house.maildir():
        letter = email.message_from_bytes(path.read_bytes())
        found[letter["To"].split("<")[-1].rstrip(">")] = letter["Message-Id"].strip("<>")
    return found


class Returned:
    """The Maildir of what comes back."""

    def __init__(self, house):
        self.house, self.dir = house, house.dir / "bounces"
        for part in ("tmp", "new", "cur"):
            (self.dir / part).mkdir(parents=True, exist_ok=True)

    def put(self, name, content):
        path = self.dir / "tmp" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.rename(self.dir / "new" / name)

    def report(self, name, to, ident, action="failed", status="5.1.1", copy=1):
        self.put(name, REPORT.format(to=to, id=ident, action=action, status=status, copy=copy))

    def taken(self, *left):
        self.house.wait(lambda: {p.name for p in (self.dir / "new").iterdir()} == set(left), "the mail to be taken")

    def flags(self):
        return {p.name.split(":")[0]: p.name.split(",")[-1] for p in (self.dir / "cur").iterdir()}


def mending(house):
    return house.one("SELECT count(*) FROM task WHERE step = 'contact'")


def reports(house, sent, back):
    back.report("permanent", "AP0@Clinic0.example", sent["ap0@clinic0.example"])
    back.report("delayed", "ap1@clinic1.example", sent["ap1@clinic1.example"], action="delayed", status="4.4.1")
    back.report("expired", "ap2@clinic2.example", sent["ap2@clinic2.example"], status="4.4.7")
    back.report("forged", "ap3@clinic3.example", "none.of.ours@x.example")
    back.report("another", "someone@else.example", sent["ap3@clinic3.example"])
    back.put("away", "From: ap3@clinic3.example\nSubject: Out of office\nIn-Reply-To: <%s>\n\nI am away.\n" %
             sent["ap3@clinic3.example"])
    back.put("empty", "")
    back.put("garbage", os.urandom(100_000))
    back.put("huge", REPORT.format(to="ap3@clinic3.example", id="x@y", action="failed", status="5.1.1", copy=1).encode() +
             b"x" * 30_000_000)
    back.put("nested", "Content-Type: message/rfc822\n\n" * 5000)
    back.put("strange", REPORT.format(to="\udcff@x", id="x@y", action="failed", status="5.1.1", copy=1)
             .encode("utf-8", "surrogateescape"))
    (back.dir / "new" / "link").symlink_to("/etc/hostname")
    back.taken("link")
    flags = back.flags()
    assert {name for name, flag in flags.items() if flag == "S"} == {"permanent", "delayed", "expired"}, flags
    assert {name for name, flag in flags.items() if flag == "F"} == {"forged", "another", "away", "empty", "garbage", "huge",
                                                                     "nested", "strange"}, flags
    assert house.sql("SELECT address, reason, placed_by FROM suppression") == [
        ("ap0@clinic0.example", "5.1.1, smtp; 550 5.1.1 <(the address)>: it said so", "scheduler")]
    tasks = house.sql("SELECT title, party, worker, reason, script, phone FROM task WHERE step = 'contact' ORDER BY title")
    assert [row[0] for row in tasks] == ["A letter to Clinic 2 did not arrive", "Mend the mail address of Clinic 0"], tasks
    assert tasks[1][1:3] == ("facility:F-00000", "invoice_escalation") and "Nobody writes to ap0@clinic0.example" in tasks[1][4]
    assert "(the address)" in tasks[1][3] and "ap0@" not in tasks[1][3], tasks
    assert house.one("SELECT count(*) FROM message WHERE returned IS NOT NULL") == 2
    assert "came back" in house.tickler("task", house.one("SELECT task_id FROM task WHERE title LIKE 'Mend%%'"))
    print("ok reports", flush=True)


def each_mail_once(house, sent, back):
    """The same mail again, another report about the same letter, also after the task is closed."""
    back.report("permanent-again", "AP0@Clinic0.example", sent["ap0@clinic0.example"])
    back.report("second-report", "ap0@clinic0.example", sent["ap0@clinic0.example"], copy=2)
    back.taken("link")
    assert mending(house) == 2
    house.tickler("task", house.one("SELECT task_id FROM task WHERE title LIKE 'Mend%%'"), "done", "--outcome", "done")
    back.report("third-report", "ap0@clinic0.example", sent["ap0@clinic0.example"], copy=3)
    back.taken("link")
    assert mending(house) == 2, "a second task about one letter"
    assert house.one("SELECT count(*) FROM bounce WHERE outcome = 'repeated'") == 2
    print("ok each_mail_once", flush=True)


def a_crash_between_the_record_and_the_move(house, sent, back):
    (back.dir / "cur").chmod(0o500)
    back.report("crash", "ap4@clinic4.example", sent["ap4@clinic4.example"])
    house.wait(lambda: mending(house) == 3, "the report to be recorded")
    os.kill(house.pids("ticklerd-scheduler")[0], signal.SIGKILL)
    (back.dir / "cur").chmod(0o700)
    back.taken("link")
    assert mending(house) == 3 and back.flags()["crash"] == "S"
    print("ok a_crash_between_the_record_and_the_move", flush=True)


def suppressions(house):
    listed = house.json("suppressions")
    assert [row["address"] for row in listed] == ["ap0@clinic0.example", "ap4@clinic4.example"], listed
    assert listed[0]["whose"] == "facility:F-00000 billing" and listed[0]["by"] == "scheduler" and "5.1.1" in listed[0]["reason"]
    for words, sentence in ((["suppress", "ap0@clinic0.example", "--reason", "x"], "is suppressed already"),
                            (["suppress", "no address", "--reason", "x"], "is no mail address"),
                            (["unsuppress", "ap9@clinic.example"], "is not suppressed")):
        done = house.tickler(*words, check=False)
        assert done.returncode == 1 and sentence in done.stderr, done.stderr
    assert house.tickler("suppress", "ap1@clinic1.example", check=False).returncode == 2, "a reason is needed"
    house.tickler("suppress", "AP1@clinic1.example", "--reason", "left the clinic")
    house.tickler("unsuppress", "Ap0@clinic0.example")
    assert [row["address"] for row in house.json("suppressions")] == ["ap4@clinic4.example", "ap1@clinic1.example"]
    events = house.sql("SELECT kind, actor, detail ->> 'reason' FROM event WHERE kind LIKE 'address.%%' ORDER BY seq")
    assert [row[0] for row in events] == ["address.suppressed"] * 3 + ["address.released"], events
    assert events[2][2] == "left the clinic" and events[2][1].startswith("admin:"), events
    about = house.sql("SELECT about FROM event WHERE kind LIKE 'address.%%' ORDER BY seq")
    assert about[0] == about[3] and about[0] != about[1], "the history of one address, without the address"
    print("ok suppressions", flush=True)


def who_is_suppressed_gets_no_letter(house):
    """The next step of clinic 1 finds nobody: its task names the clinic as people do. Clinic 0's letters go again."""
    house.sql("DELETE FROM spent")
    house.sql("DELETE FROM message_step")
    house.sql("UPDATE message SET state = 'failed'")  # no gap
    house.sql("UPDATE invoice SET due_on = due_on - 30, issued_on = issued_on - 30 WHERE ext_id IN ('INV-00000', 'INV-00001')")
    before = len(house.maildir())
    house.tickler("run", "invoice_escalation")
    house.drain()
    assert len(house.maildir()) == before + 1
    assert house.one("SELECT count(*) FROM task WHERE title = 'Find a billing contact for Clinic 1'") == 1
    print("ok who_is_suppressed_gets_no_letter", flush=True)


def main():
    with House() as house:
        begin(house, 5)
        sent, back = letters(house), Returned(house)
        assert len(sent) == 5
        reports(house, sent, back)
        each_mail_once(house, sent, back)
        a_crash_between_the_record_and_the_move(house, sent, back)
        suppressions(house)
        who_is_suppressed_gets_no_letter(house)
        assert "clinic" not in house.log.read_text(), "an address stands in the log"
        for detail, in house.sql("SELECT detail::text FROM event"):
            assert "@clinic" not in detail, f"an address stands in the event log: {detail}"
        house.tickler("audit", "verify")


if __name__ == "__main__":
    support.leave_root()
    main()
