"""What people record about tasks: each outcome changes its record in the same breath, an unsettled one comes back on its day,
and what cannot be is refused in a sentence that changes nothing. The tasks are put there by hand; each room raises its own."""
import datetime as dt
import subprocess
import sys
import zoneinfo

import psycopg2

import house as support
from house import House

ROOMS = ("invoice_escalation", "license_renewal", "check_in", "payer_followup", "onboarding_packet", "task_desk")
COMMON = {"voicemail_left", "unreachable", "wrong_contact", "done"}
OF_ROOM = {
    "invoice_escalation": {"not_received", "waiting_for_approval", "payment_sent", "dispute", "promise_to_pay"},
    "license_renewal": {"renewal_submitted", "renewed", "off_schedule"},
    "check_in": {"answered"},
    "payer_followup": {"received_and_complete", "in_committee", "not_received", "something_missing", "approved", "denied"},
    "onboarding_packet": {"received", "confirmed", "waived", "start_moved"},
    "task_desk": set(),
}
TODAY = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()


def day(n):
    return TODAY + dt.timedelta(days=n)


def folder(house):
    data = house.root / "data"
    data.mkdir()

    def put(name, *rows):
        support.write_csv(data / f"{name}.csv", rows)
    put("facilities", dict(facility="F-1", name="Cedar House", type="cmhc"))
    put("contacts", dict(contact="C-1", facility="F-1", name="Pat Lee", email="ap@cedar.example", phone="555-0100", role="billing"))
    put("therapists", dict(therapist="T-1", name="Tina Moss", email="tina@moss.example", phone="555-0101"))
    put("licenses", dict(license="L-1", therapist="T-1", state="TX", type="LCSW", issued_on=day(-700), expires_on=day(20)))
    put("payers", dict(payer="Y-1", name="Blue Pines Health", phone="555-0102"))
    put("placements", dict(placement="P-1", therapist="T-1", facility="F-1", offer_signed_on=day(-10), start_on=day(15),
                           end_on=day(300), status="active"))
    put("panel_applications", dict(application="A-1", therapist="T-1", payer="Y-1", placement="P-1", submitted_on=day(-40),
                                   status="submitted", reference="R-77"))
    put("invoices", dict(invoice="INV-1", facility="F-1", issued_on=day(-60), due_on=day(-30), amount="1200.00"),
        dict(invoice="INV-2", facility="F-1", issued_on=day(-60), due_on=day(-30), amount="300.00"))
    return data


class Desk:
    def __init__(self, house):
        self.house = house
        self.number = 0

    def task(self, worker, subjects, party="therapist:T-1", matter=None, step="call", title="Call"):
        self.number += 1
        return self.house.sql(
            "INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, script, phone, assignee_id, "
            "priority, due_on, created_at, cycle) SELECT agency_id, %s, %s, %s, %s, %s, %s, 'silence', 'Say hello', '555', "
            "staff_id, 'high', %s, %s, %s FROM staff WHERE role = 'va' RETURNING task_id",
            worker, step, party, matter or f"{step} {subjects[0]} {self.number}", list(subjects), title, TODAY,
            dt.datetime.now(dt.timezone.utc), TODAY)[0][0]

    def done(self, task, outcome, *words):
        return self.house.tickler("task", task, "done", "--outcome", outcome, *words)

    def refused(self, task, sentence, outcome, *words):
        before = self.everything()
        done = self.house.tickler("task", task, "done", "--outcome", outcome, *words, check=False)
        code = 2 if any(word in sentence for word in (" needs --", "takes no", "is no ", "did you mean")) else 1
        assert done.returncode == code and sentence in done.stderr, (outcome, words, done.returncode, done.stderr)
        assert self.everything() == before, f"{outcome}: refused, and yet something changed"

    def everything(self):
        tables = ("task", "license", "panel_application", "placement", "packet_item", "response", "hold")
        return [self.house.sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables] + [
            self.house.sql("SELECT seq FROM event WHERE actor LIKE 'admin:%%' OR actor LIKE 'staff:%%' ORDER BY 1")]

    def one(self, text, *values):
        return self.house.sql(text, *values)[0]

    def events(self, about):
        return [row[0] for row in self.house.sql("SELECT kind FROM event WHERE about = %s ORDER BY seq", about)]


def lists_the_outcomes_of_its_room(desk):
    for worker in ROOMS:
        task = desk.task(worker, ["placement:P-1"])
        text = desk.house.tickler("task", task)
        words = [line[13:].split()[0] for line in text[text.index("outcomes"):].splitlines()]
        assert len(words) == len(set(words)) and set(words) == COMMON | OF_ROOM[worker], (worker, words)
        for other in set().union(*OF_ROOM.values()) - OF_ROOM[worker]:
            desk.refused(task, f"a task of {worker} has no outcome '{other}'", other)
        desk.refused(task, "did you mean voicemail_left", "voicemail_lefft")
        desk.house.sql("UPDATE task SET state = 'withdrawn', closed_at = created_at WHERE task_id = %s", task)


def shows_all_that_a_va_needs(desk):
    house = desk.house
    first = desk.task("payer_followup", ["application:A-1"], party="payer:Y-1", title="Ask Blue Pines")
    desk.done(first, "voicemail_left", "--note", "with Ana")
    house.sql("INSERT INTO message (agency_id, worker, step, party, recipient, address, template, subject_line, internet_id, "
              "letter, state, claimed_by, claimed_at) SELECT agency_id, 'payer_followup', 'receipt', 'payer:Y-1', "
              "'payer:x@y.example', 'x@y.example', 't', 's', 'i@x', '', 'sent', 'w', '2027-01-05Z' FROM agency")
    house.sql("INSERT INTO response (agency_id, ext_id, about, subject_id, given_by, received_on, score, answers) SELECT agency_id, "
              "'R-1', 'placement', placement_id, 'facility', %s, 9, 'all is well' FROM placement", day(-3))
    task = desk.task("payer_followup", ["application:A-1"], party="payer:Y-1")
    text = house.tickler("task", task)
    for words in ("Blue Pines Health (payer:Y-1)", "application A-1: Tina Moss with Blue Pines Health, submitted", "reference R-77",
                  "Say hello", "silence", "555", "Ask Blue Pines: voicemail left, with Ana", "receipt letter to payer, sent"):
        assert words in text, f"{words}:\n{text}"
    placement = house.tickler("task", desk.task("check_in", ["placement:P-1"]))
    assert "placement P-1: Tina Moss at Cedar House, active, start" in placement and "answer of facility: 9 of 10" in placement
    license = house.tickler("task", desk.task("license_renewal", ["license:L-1"]))
    assert "license L-1: Tina Moss, TX LCSW, expires" in license, license
    invoices = house.tickler("task", desk.task("invoice_escalation", ["invoice:INV-1", "invoice:INV-2"], party="facility:F-1"))
    assert "invoice INV-1: Cedar House, due" in invoices and "1,200.00 USD open" in invoices, invoices
    rows = house.json("tasks", "--worker", "check_in")
    assert rows and {row["worker"] for row in rows} == {"check_in"}
    assert "check_in" in house.tickler("tasks").splitlines()[1] + house.tickler("tasks")


def licenses(desk):
    stand = "SELECT status, status_on, expires_on, ce_by, first_renewal FROM license WHERE ext_id = 'L-1'"
    desk.house.sql("UPDATE license SET ce_by = %s, first_renewal = true", day(10))
    task = desk.task("license_renewal", ["license:L-1"])
    desk.refused(task, "is in the future; it is the day it was filed", "renewal_submitted", "--date", day(1))
    desk.refused(task, "renewed needs --date D", "renewed")
    desk.refused(task, "already; a new expiry is later", "renewed", "--date", day(20))
    desk.refused(task, "takes no --score", "renewed", "--date", day(400), "--score", 3)
    desk.done(task, "renewal_submitted", "--date", day(-2))
    assert desk.one(stand)[:3] == ("renewal_submitted", day(-2), day(20))
    task = desk.task("license_renewal", ["license:L-1"])
    desk.done(task, "renewal_submitted")
    assert desk.one(stand)[:3] == ("renewal_submitted", TODAY, day(20))
    task = desk.task("license_renewal", ["license:L-1"])
    desk.done(task, "renewed", "--date", day(750))
    assert desk.one(stand) == ("active", TODAY, day(750), None, False), "dates of the old cycle are no longer its"
    assert desk.events("license:L-1") == ["license.renewal_submitted"] * 2 + ["license.renewed"]
    task = desk.task("license_renewal", ["license:L-1"])
    desk.done(task, "off_schedule")
    assert desk.one(stand)[2] == day(750)
    task = desk.task("license_renewal", ["therapist:T-1"])
    desk.refused(task, "names no record that renewed could change", "renewed", "--date", day(900))


def check_ins(desk):
    task = desk.task("check_in", ["placement:P-1"], party="facility:F-1", step="facility_30_call")
    desk.refused(task, "answered needs --score 0..10, or --note", "answered")
    for score in ("11", "-1", "7.5", "ten", ""):
        desk.refused(task, "is no score", "answered", f"--score={score}")
    desk.done(task, "answered", "--score", 4, "--note", "late notes")
    assert desk.one("SELECT about, given_by, received_on, score, answers FROM response WHERE ext_id = %s", f"VA-{task}") == \
        ("placement", "facility", TODAY, 4, "late notes")
    task = desk.task("check_in", ["placement:P-1"], party="therapist:T-1")
    desk.done(task, "answered", "--note", "all is well")
    assert desk.one("SELECT given_by, score FROM response WHERE ext_id = %s", f"VA-{task}") == ("therapist", None)
    task = desk.task("check_in", ["placement:P-1"], party="payer:Y-1")
    desk.refused(task, "neither a therapist nor a facility", "answered", "--score", 5)
    task = desk.task("check_in", ["placement:P-1"], party="therapist:T-1")
    desk.house.sql("INSERT INTO response (agency_id, ext_id, about, subject_id, given_by, received_on) SELECT agency_id, %s, 'placement', "
                   "placement_id, 'facility', %s FROM placement", f"VA-{task}", TODAY)
    desk.refused(task, "another answer is on record", "answered", "--score", 2)


def panels(desk):
    stand = "SELECT status, status_on, next_on, effective_on FROM panel_application"

    def record(outcome, *words):
        task = desk.task("payer_followup", ["application:A-1"], party="payer:Y-1")
        desk.done(task, outcome, *words)
        assert desk.one("SELECT count(*) FROM task WHERE state = 'snoozed'") == (0,), "the room asks again, not a second task"
        return desk.one(stand)
    assert record("received_and_complete", "--date", day(10)) == ("submitted", None, day(10), None)
    assert record("in_committee") == ("submitted", None, None, None), "by the ladder again"
    task = desk.task("payer_followup", ["application:A-1"], party="payer:Y-1")
    desk.refused(task, "something_missing needs --note", "something_missing", "--date", day(3))
    desk.refused(task, "denied needs --note", "denied")
    desk.refused(task, "is in the past; it is when to ask again", "in_committee", "--date", day(-1))
    assert record("something_missing", "--note", "W-9", "--date", day(7)) == ("info_requested", TODAY, day(7), None)
    assert record("not_received", "--date", day(5)) == ("info_requested", TODAY, day(5), None)
    assert record("received_and_complete", "--date", day(9)) == ("in_review", TODAY, day(9), None), "they have what they asked for"
    desk.house.sql("UPDATE panel_application SET status_on = %s", day(-1))
    assert record("approved") == ("approved", TODAY, None, None)
    desk.house.sql("UPDATE panel_application SET status_on = %s", day(-1))
    assert record("approved", "--date", day(-20)) == ("approved", day(-1), None, day(-20)), "the effective date put right"
    desk.refused(task, "application A-1 is approved already", "in_committee")
    desk.house.sql("UPDATE panel_application SET status = 'in_review', effective_on = NULL")
    desk.refused(task, "denied takes no --date", "denied", "--note", "x", "--date", day(1))
    assert record("denied", "--note", "panel is closed") == ("denied", TODAY, None, None)
    assert desk.events("application:A-1")[-1] == "application.denied"


def packets(desk):
    house = desk.house
    house.sql("INSERT INTO packet_rule (agency_id, facility_type, item, ordinal, title, provider, lead_days, required, again_if_moved) "
              "SELECT agency_id, 'cmhc', item, 1, item, 'therapist', 5, true, false FROM agency, "
              "unnest(ARRAY['photo_id', 'npi', 'start_confirmed_therapist']) AS item ON CONFLICT DO NOTHING")

    def items():
        return dict(house.sql("SELECT item, status FROM packet_item"))

    def task(matter):
        return desk.task("onboarding_packet", ["placement:P-1"], matter=matter)
    desk.done(task("item placement:P-1 photo_id"), "received")
    assert items() == {"photo_id": "received"}
    desk.done(task("item placement:P-1 photo_id"), "waived", "--note", "Ana decided")
    assert items() == {"photo_id": "waived"}
    whole = task("start_day placement:P-1")
    desk.refused(whole, "names no item of the packet; say which with --item: ", "received")
    desk.refused(whole, "has no item passport: ", "received", "--item", "passport")
    desk.done(whole, "waived", "--note", "npi, by Ana")
    assert items()["npi"] == "waived"
    desk.done(task("at_risk placement:P-1"), "confirmed", "--note", "the start stands")
    assert len(items()) == 2
    desk.done(task("at_risk placement:P-1"), "confirmed", "--item", "start_confirmed_therapist")
    assert items()["start_confirmed_therapist"] == "confirmed"
    moved = task("items placement:P-1 npi")
    desk.refused(moved, "start_moved needs --date D", "start_moved")
    desk.refused(moved, "is in the past; it is the new start", "start_moved", "--date", day(-1))
    desk.refused(moved, "already", "start_moved", "--date", day(15))
    desk.refused(moved, "before that", "start_moved", "--date", day(301))
    desk.done(moved, "start_moved", "--date", day(29))
    assert desk.one("SELECT start_on FROM placement") == (day(29),)
    assert desk.one("SELECT start_on FROM placement_start") == (day(15),)
    assert desk.events("placement:P-1")[-1] == "placement.start_moved"


def invoices(desk):
    task = desk.task("invoice_escalation", ["invoice:INV-1", "invoice:INV-2"], party="facility:F-1")
    desk.refused(task, "promise_to_pay needs --date", "promise_to_pay")
    desk.refused(task, "is no amount", "promise_to_pay", "--date", day(5), "--amount", "a lot")
    desk.refused(task, "dispute takes no --amount", "dispute", "--amount", "5.00")
    desk.refused(task, "is in the past", "promise_to_pay", "--date", day(-1))
    desk.done(task, "promise_to_pay", "--date", day(5), "--amount", "1200.00", "--note", "Friday run")
    assert desk.house.sql("SELECT i.ext_id, h.kind, h.until_on, h.amount_cents, h.reason, h.ext_id FROM hold h JOIN invoice i "
                          "ON i.invoice_id = h.subject_id ORDER BY 1") == [
        ("INV-1", "promise_to_pay", day(5), 120000, "Friday run", "H-1"),
        ("INV-2", "promise_to_pay", day(5), 120000, "Friday run", "H-2")]
    assert desk.events("invoice:INV-1") == ["hold.placed"]
    desk.house.tickler("release", "H-2")


def an_unsettled_matter_comes_back(desk):
    house = desk.house
    task = desk.task("invoice_escalation", ["invoice:INV-2"], party="facility:F-1", matter="call facility:F-1 USD")
    desk.refused(task, "is in the past", "voicemail_left", "--date", day(-1))
    said = desk.done(task, "voicemail_left", "--note", "with the front desk", "--date", day(3))
    again, = house.sql("SELECT task_id, state, until_on, due_on, script, title, assignee_id IS NOT NULL, reason, cycle FROM task "
                       "WHERE matter = 'call facility:F-1 USD' AND state <> 'done'")
    assert again[1:7] == ("snoozed", day(3), day(3), "Say hello", "Call", True) and again[8] == TODAY, again
    assert again[7].startswith("Again, after voicemail_left (with the front desk) on ") and again[7].endswith("silence")
    assert f"task {again[0]} follows on {day(3)}" in said
    text = house.tickler("task", again[0])
    assert "Call: voicemail left, with the front desk" in text, text
    desk.done(again[0], "unreachable", "--date", day(6))
    third, = house.sql("SELECT reason FROM task WHERE matter = 'call facility:F-1 USD' AND state = 'snoozed'")
    assert third[0].count("Again, after") == 1, third
    house.sql("UPDATE task SET state = 'open' WHERE state = 'snoozed'")
    last, = house.sql("SELECT task_id FROM task WHERE matter = 'call facility:F-1 USD' AND state = 'open'")
    desk.done(last[0], "done")
    assert house.one("SELECT count(*) FROM task WHERE matter = 'call facility:F-1 USD' AND state <> 'done'") == 0
    done = house.tickler("task", last[0], "done", "--outcome", "done", check=False)
    assert done.returncode == 1 and "is done already" in done.stderr


def tasks_withdraw_themselves(desk):
    """When what they were about is settled: the invoices paid, the money allocated, the task below closed."""
    house = desk.house
    house.sql("UPDATE task SET state = 'done', closed_at = created_at WHERE closed_at IS NULL")
    both = desk.task("invoice_escalation", ["invoice:INV-1", "invoice:INV-2"], party="facility:F-1")
    one = desk.task("invoice_escalation", ["invoice:INV-1"], party="facility:F-1", step="decision")
    contact = desk.task("invoice_escalation", ["invoice:INV-1"], party="facility:F-1", step="contact")
    allocate = desk.task("invoice_escalation", ["invoice:INV-2"], party="facility:F-1", step="allocate",
                         matter="allocate facility:F-1 USD")
    climbed = desk.task("task_desk", [f"task:{one}"], step="climb_lead")

    def pay(name, **row):
        path = house.root / f"{name}.csv"
        support.write_csv(path, [dict(payment=name, facility="F-1", received_on=TODAY, currency="USD", kind="payment", **row)])
        house.tickler("import", "payments", path)

    def withdrawn():
        house.tickler("run", "invoice_escalation")
        house.tickler("run", "task_desk")
        return dict(house.sql("SELECT task_id, note FROM task WHERE state = 'withdrawn' AND note IS NOT NULL"))
    pay("M-1", invoice="", amount="10.00")
    assert not withdrawn(), "nothing is settled, and money is not allocated"
    pay("M-2", invoice="INV-1", amount="1200.00")
    said = withdrawn()
    assert set(said) == {one, climbed} and said[one].startswith("INV-1 was paid on "), said
    assert said[climbed].startswith(f"task {one} is withdrawn: INV-1 was paid"), said
    house.sql("UPDATE payment SET invoice_id = (SELECT invoice_id FROM invoice WHERE ext_id = 'INV-2') WHERE invoice_id IS NULL")
    assert withdrawn()[allocate] == "the money is allocated"
    house.sql("UPDATE invoice SET status = 'written_off', status_on = %s WHERE ext_id = 'INV-2'", TODAY)
    said = withdrawn()
    assert "INV-1 was paid on" in said[both] and "INV-2 was written off on" in said[both], said
    assert contact not in said, "a wrong address stays wrong"


def a_task_is_closed_once(desk):
    """While a VA's word waits for the row, somebody else closes the task: the word changes nothing."""
    house = desk.house
    task = desk.task("invoice_escalation", ["invoice:INV-2"], party="facility:F-1")
    before = house.one("SELECT count(*) FROM hold")
    other = psycopg2.connect(host=str(house.dir / "run/postgres"), dbname="ticklerd", user="ticklerd_owner")
    with other, other.cursor() as cursor:
        cursor.execute("UPDATE task SET state = 'withdrawn', closed_at = now() WHERE task_id = %s", (task,))
        late = subprocess.Popen([house.bin / "tickler", "--dir", house.dir, "task", str(task), "done", "--outcome", "dispute"],
                                text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        house.wait(lambda: house.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") > 0, "the late word")
    other.close()
    _, said = late.communicate(timeout=30)
    assert late.returncode == 1 and "was closed by somebody else meanwhile" in said, (late.returncode, said)
    assert house.one("SELECT state FROM task WHERE task_id = %s", task) == "withdrawn"
    assert house.one("SELECT count(*) FROM hold") == before, "a hold of a task that was closed already"


def main():
    with House() as house:
        house.init()
        # The other rooms are shut: what they would do with these records is theirs to test.
        house.edit(house.dir / "config/ticklerd.yaml",
                   lambda document: document.update(rooms={room: int(room == "invoice_escalation") for room in document["rooms"]}))
        house.start()
        house.tickler("import", "--dir", folder(house))
        desk = Desk(house)
        for test in (lists_the_outcomes_of_its_room, shows_all_that_a_va_needs, licenses, check_ins, panels, packets, invoices,
                     an_unsettled_matter_comes_back, tasks_withdraw_themselves, a_task_is_closed_once):
            test(desk)
            print(f"ok {test.__name__}", flush=True)
        house.tickler("audit", "verify")


if __name__ == "__main__":
    support.leave_root()
    main()
