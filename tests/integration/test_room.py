"""A worker at its desk, with a real Postgres and a relay that refuses: what was true at the first try is asked again at the
next one, and nothing that a postponed letter belongs to is done before it."""
import datetime as dt
import zoneinfo

import house as support
from house import House
from smtp_script import ScriptedServer

ZONE = zoneinfo.ZoneInfo("America/Chicago")
JOBS = "SELECT count(*) FROM job WHERE worker = 'invoice_escalation'"


def begin(house, server=None, letters=1, days_late=12, if_unknown="ask", **schedule):
    house.init()
    house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    house.schedule("invoice_escalation", **{**dict(storm_brake=0, stop_if_data_older_than=None), **schedule})

    def through_relay(document):
        if server:
            relay = {"url": f"smtp://127.0.0.1:{server.port}", "starttls": False, "timeout": 5,
                     "connections": 1}  # replies in the order of letters
            document["mail"].update(relay=relay, if_unknown=if_unknown)
        document["queue"]["retry_first"] = 5
    house.edit(house.dir / "config/ticklerd.yaml", through_relay)
    house.start()
    folder = support.overdue_folder(house, letters, dt.datetime.now(ZONE).date(), days_late)
    house.tickler("import", "--dir", folder)
    house.tickler("run", "invoice_escalation")


def refused_once(house):
    house.wait(lambda: house.one("SELECT count(*) FROM message WHERE state = 'failed'") == 1, "the first refusal")


def drained(house):
    house.wait(lambda: house.one(JOBS) == 0, "the queue to drain")


def reasons(house, kind):
    return [row[0] for row in house.sql("SELECT detail ->> 'reason' FROM event WHERE kind = %s", kind)]


def with_refusal(act, answers=("450 4.2.0 greylisted",), **schedule):
    """One letter is refused for now; `act` changes the world; then the queue drains."""
    server = ScriptedServer({"RCPT": list(answers)}).start()
    try:
        with House() as house:
            begin(house, server, **schedule)
            refused_once(house)
            act(house)
            drained(house)
            house.tickler("audit", "verify")
            return (server.letters, reasons(house, "job.moot") + reasons(house, "job.held"),
                    house.sql("SELECT outcome FROM fired WHERE worker = 'invoice_escalation'"),
                    house.sql("SELECT state, count(*) FROM message GROUP BY 1"))
    finally:
        server.stop()


def pay(house):
    today = dt.datetime.now(ZONE).date()
    path = house.root / "payments.csv"
    support.write_csv(path, [dict(payment="P-1", invoice="INV-00000", facility="F-00000", received_on=today,
                                  amount="100.00", currency="USD", kind="payment")])
    house.tickler("import", "payments", path)


def hold(house):
    house.sql("INSERT INTO hold (agency_id, ext_id, about, subject_id, kind, from_on, reason, placed_by) "
              "SELECT agency_id, 'X-1', 'invoice', invoice_id, 'dispute', current_date - 2, 'said so', 'test' FROM invoice")


def test_paid_between_two_tries():
    letters, why, fired, _ = with_refusal(pay)
    assert not letters, "a letter about an invoice that was paid"
    assert len(why) == 1 and "paid on" in why[0] and not fired, (why, fired)


def test_held_between_two_tries():
    letters, why, fired, _ = with_refusal(hold)
    assert not letters, "a letter about an invoice in dispute"
    assert len(why) == 1 and not fired, (why, fired)


def test_refused_for_now_then_sent_the_same_day():
    """The day's one letter was not spent by a try that brought nothing; one row, one Message-ID."""
    letters, why, fired, messages = with_refusal(lambda house: None, answers=["450 later"] * 2,
                                                 limits={"per_party_per_day": 1, "per_run": 0})
    assert len(letters) == 1 and not why and fired == [("done",)] and messages == [("sent", 1)], (letters, messages)


def formal_to_two(answers, act=None, if_unknown="ask", **script):
    """The formal reminder goes to the billing contact, then to the clinical director."""
    server = ScriptedServer().start()
    try:
        with House() as house:
            begin(house, server, days_late=4, if_unknown=if_unknown)
            drained(house)
            server.letters.clear()
            server.script.update(RCPT=list(answers), **script)
            house.sql("INSERT INTO contact (agency_id, ext_id, facility_id, name, email, role) SELECT agency_id, 'C-2', "
                      "facility_id, 'Dee', 'dee@clinic0.example', 'clinical_director' FROM facility")
            of_first = house.one("SELECT count(*) FROM event WHERE kind = 'message.sent'")
            house.sql("DELETE FROM message_step")
            house.sql("DELETE FROM message")  # no gap and no cap from the first letter
            house.sql("DELETE FROM spent")
            house.sql("UPDATE invoice SET due_on = due_on - 30, issued_on = issued_on - 30")
            house.tickler("run", "invoice_escalation")
            if act:
                refused_once(house)
                act(house)
            drained(house)
            house.tickler("audit", "verify")
            sent = house.one("SELECT count(*) FROM event WHERE kind = 'message.sent'") - of_first
            assert sent == house.one("SELECT count(*) FROM message WHERE state = 'sent'"), f"{sent} events message.sent"
            return ([row["to"] for row in server.letters],
                    dict(house.sql("SELECT address, state FROM message")),
                    [row[0] for row in house.sql("SELECT outcome FROM fired WHERE step = 'formal'")],
                    house.one("SELECT count(*) FROM task WHERE step = 'contact'"))
    finally:
        server.stop()


def test_one_of_two_copies_is_refused_for_now():
    to, messages, outcome, tasks = formal_to_two(["250 ok", "450 later"])
    assert to == ["ap0@clinic0.example", "dee@clinic0.example"] and set(messages.values()) == {"sent"}, (to, messages)
    assert outcome == ["done"] and tasks == 0


def test_one_of_two_copies_is_refused_for_good():
    """The other is tried again; the refused address is not written to a second time."""
    to, messages, outcome, tasks = formal_to_two(["550 no such user", "450 later"])
    assert to == ["dee@clinic0.example"], to
    assert messages == {"ap0@clinic0.example": "failed", "dee@clinic0.example": "sent"}, messages
    assert outcome == ["done"] and tasks == 1


def test_one_of_two_copies_may_have_arrived():
    """It goes again in its own bytes; the other neither goes nor is told of again."""
    to, messages, outcome, tasks = formal_to_two([], if_unknown="resend", DOT=["250 taken", "accept-cut"])
    assert to == ["ap0@clinic0.example"] + ["dee@clinic0.example"] * 2 and set(messages.values()) == {"sent"}, (to, messages)
    assert outcome == ["done"] and tasks == 0


def test_one_copy_may_have_arrived_and_the_other_is_refused_for_now():
    to, messages, outcome, tasks = formal_to_two(["250 ok", "450 later"], if_unknown="resend", DOT=["accept-cut"])
    assert sorted(to) == ["ap0@clinic0.example"] * 2 + ["dee@clinic0.example"], to
    assert set(messages.values()) == {"sent"} and outcome == ["done"] and tasks == 0, (messages, outcome, tasks)


def test_the_event_log_quotes_no_address():
    """The relay's words stand with the letter; the log of events cannot be mended, so it has them without the address."""
    server = ScriptedServer({"RCPT": ["450 4.2.0 <ap0@clinic0.example>: greylisted", "550 5.1.1 <AP0@clinic0.example>: no such user"]})
    server.start()
    try:
        with House() as house:
            begin(house, server)
            drained(house)
            assert "ap0@clinic0" in house.one("SELECT reply FROM message").lower()
            assert house.one("SELECT count(*) FROM event WHERE kind = 'message.failed'") == 2
            assert house.sql("SELECT kind, detail FROM event WHERE detail::text ILIKE '%%@clinic0%%'") == []
    finally:
        server.stop()


def test_paid_after_one_of_two_copies():
    """The second person's copy waits for its next try; the payment comes first, so it never goes."""
    to, messages, outcome, _ = formal_to_two(["250 ok", "450 later"], act=pay)
    assert to == ["ap0@clinic0.example"], to
    assert messages == {"ap0@clinic0.example": "sent", "dee@clinic0.example": "failed"}, messages


def test_no_contact_is_a_task():
    with House() as house:
        begin(house, letters=1)
        drained(house)
        house.sql("DELETE FROM contact")
        house.sql("UPDATE invoice SET due_on = due_on - 20")  # a new cycle, at the formal rung
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: house.one("SELECT count(*) FROM fired WHERE outcome = 'never'") == 1, "the step to end")
        drained(house)
        assert house.one("SELECT count(*) FROM task WHERE matter LIKE 'contact %%'") == 1
        assert house.one("SELECT count(*) FROM task WHERE assignee_id IS NULL") == 0


SOMEBODY_WAS_FIRST = """
CREATE FUNCTION plan_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF pg_trigger_depth() = 1 THEN
        INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject, party)
        VALUES (NEW.agency_id, NEW.worker, NEW.subject_id, NEW.cycle, NEW.step, NEW.ordinal, NEW.party_id, NEW.nominal,
                NEW.ready_at, NEW.subject, NEW.party);
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION fire_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, reason, nominal, at)
    VALUES (OLD.agency_id, OLD.worker, OLD.subject_id, OLD.cycle, OLD.step, OLD.job_id, OLD.ordinal, OLD.party_id, 'never',
            'somebody was first', OLD.nominal, OLD.nominal);
    RETURN OLD;
END $$;
CREATE TRIGGER plan_first BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION plan_first();
CREATE TRIGGER fire_first BEFORE DELETE ON job FOR EACH ROW EXECUTE FUNCTION fire_first()
"""


def test_somebody_was_first():
    """Neither a plan nor a verdict looks beforehand for what another may have written in the same moment."""
    with House() as house:
        begin(house, letters=3)
        drained(house)
        house.sql(SOMEBODY_WAS_FIRST)
        house.sql("DELETE FROM contact")
        house.sql("UPDATE invoice SET due_on = due_on - 20")  # a new cycle, at the formal rung
        house.tickler("run", "invoice_escalation")
        house.wait(lambda: house.one("SELECT count(*) FROM fired WHERE outcome = 'never'") == 3, "the steps to end")
        drained(house)
        assert house.sql("SELECT DISTINCT reason FROM fired WHERE outcome = 'never'") == [("somebody was first",)]
        assert house.one("SELECT count(*) FROM task WHERE matter LIKE 'contact %%'") == 3, "a task for each, once"
        assert house.one("SELECT count(*) FROM job") == 0 and not house.sql("SELECT title FROM task WHERE step = 'parked'")


def test_the_task_of_a_postponed_letter_waits_with_it():
    """A rung with a letter and a task: outside the window neither happens."""
    hour = dt.datetime.now(ZONE).hour
    window = "22:00-23:00" if hour < 21 else "05:00-06:00"
    both = [{"id": "both", "at": "+3d", "send": {"template": "reminder", "to": "billing_contact"},
             "task": {"title": "Call {{facility.name}}", "to": "va", "script": "call"}}]
    with House() as house:
        begin(house, window=window, steps=both, overrides=None)
        house.wait(lambda: house.one("SELECT count(*) FROM job WHERE reason LIKE 'outside%%'") == 1, "the letter to wait")
        assert house.one("SELECT count(*) FROM task") == 0, "the task came before its letter"


if __name__ == "__main__":
    support.run_tests(globals())
