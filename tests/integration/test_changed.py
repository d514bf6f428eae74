"""The world changes between the plan and the send: the record is gone, is another's, is safe again or held. Jobs of
yesterday's world are put there by hand, into one house, and the rooms find them as the world is now."""
import datetime as dt
import sys
import zoneinfo

import house as support
import ledger_oracle
from house import House

ZONE = zoneinfo.ZoneInfo("America/Chicago")
IS_OPEN = ledger_oracle.is_open(dt.datetime.now(ZONE).date())  # on a day off nobody is asked or chased

OLD = dt.date.today() - dt.timedelta(days=400)
FIRST_STEPS = {"invoice_escalation": "reminder", "license_renewal": "reminder_90", "check_in": "therapist_30",
               "payer_followup": "receipt_check", "onboarding_packet": "packet_therapist"}


def people(house):
    """Two of each; what stands on record is the first one's."""
    data, today = house.root / "data", dt.datetime.now(ZONE).date()
    data.mkdir()

    def put(name, *rows):
        support.write_csv(data / f"{name}.csv", rows)

    def day(n):
        return today + dt.timedelta(days=n)
    put("facilities", *[dict(facility=f"F-{n}", name=f"House {n}", type="telehealth", state="TX") for n in (1, 2)])
    put("contacts", *[dict(contact=f"C-{n}", facility=f"F-{n}", name=f"Pat {n}", email=f"pat@house{n}.example",
                           role="clinical_director") for n in (1, 2)])
    put("therapists", *[dict(therapist=f"T-{n}", name=f"Tina {n}", email=f"tina@moss{n}.example") for n in (1, 2)])
    put("licenses", dict(license="L-1", therapist="T-1", state="TX", type="LPC", issued_on=day(-700), expires_on=day(80)))
    put("payers", *[dict(payer=f"Y-{n}", name=f"Payer {n}", email=f"desk@payer{n}.example") for n in (1, 2)])
    put("placements", dict(placement="P-1", therapist="T-1", facility="F-1", offer_signed_on=day(-40), start_on=day(-31),
                           end_on=day(300), status="active"),
        dict(placement="P-2", therapist="T-1", facility="F-1", offer_signed_on=day(-20), start_on=day(60), end_on="",
             status="active"))
    put("panel_applications", dict(application="A-1", therapist="T-1", payer="Y-1", submitted_on=day(-8),
                                   status="submitted"))
    house.tickler("import", "--dir", data)


def begin_quietly(house):
    """The rooms at work, and no plan of their own in the way."""
    house.init()
    support.open_window(house)
    for path in (house.dir / "config/schedules").glob("*.yaml"):
        house.edit(path, lambda document: document.update(run="0 3 1 1 *", min_gap=None))
    house.start()
    house.wait(lambda: house.one("SELECT count(DISTINCT worker) FROM step") >= len(FIRST_STEPS), "the schedules to apply")
    people(house)


def put_job(house, worker, step, subject_id, cycle, party, subject):
    kind, own = party.split(":")
    put = house.sql(
        f"INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject, party) "
        f"SELECT s.agency_id, s.worker, %s, %s, s.step, s.ordinal, p.{kind}_id, now(), now() - interval '1 hour', %s, %s "
        f"FROM step s JOIN {kind} p ON p.agency_id = s.agency_id AND p.ext_id = %s WHERE s.worker = %s AND s.step = %s",
        subject_id, cycle, subject, party, own, worker, step)
    assert put == 1, (worker, step)


def reasons(house, kind):
    return [row[0] for row in house.sql("SELECT detail ->> 'reason' FROM event WHERE kind = %s AND seq > %s", kind, house.before)]


def anew(house):
    """Nothing is left of what the last test did, but for the records."""
    for table in ("job", "fired", "task", "message_step", "message", "spent", "packet_item", "hold", "occurrence"):
        house.sql(f"DELETE FROM {table}")
    house.before = house.one("SELECT max(seq) FROM event")


def settled(house):
    house.wait(lambda: house.one("SELECT count(*) FROM job WHERE reason IS DISTINCT FROM 'nobody is asked on a day off'") == 0,
               "every job to get its verdict", 20)


def a_job_whose_record_is_gone_ends(house):
    for worker, step in FIRST_STEPS.items():
        party = dict(invoice_escalation="facility:F-1", payer_followup="payer:Y-1").get(worker, "therapist:T-1")
        put_job(house, worker, step, 999999, OLD, party, "placement:GONE")
    settled(house)
    assert len(reasons(house, "job.moot")) == len(FIRST_STEPS), reasons(house, "job.moot")
    assert all("its record is gone" in why for why in reasons(house, "job.moot")), reasons(house, "job.moot")
    assert house.one("SELECT count(*) FROM fired") == 0 and house.one("SELECT count(*) FROM message") == 0
    house.tickler("audit", "verify")


def a_record_that_is_anothers_now(house):
    """Imported again with the right therapist or payer: the letter that was planned for the wrong one does not go."""
    placement, start, offer = house.sql("SELECT placement_id, start_on, offer_signed_on FROM placement "
                                        "WHERE ext_id = 'P-1'")[0]
    coming, coming_offer = house.sql("SELECT placement_id, offer_signed_on FROM placement WHERE ext_id = 'P-2'")[0]
    license, expires = house.sql("SELECT license_id, expires_on FROM license")[0]
    application, submitted = house.sql("SELECT application_id, submitted_on FROM panel_application")[0]
    put_job(house, "license_renewal", "reminder_90", license, expires, "therapist:T-2", "license:L-1")
    put_job(house, "check_in", "therapist_30", placement, start, "therapist:T-2", "placement:P-1")
    put_job(house, "check_in", "facility_30", placement, start, "facility:F-2", "placement:P-1")
    put_job(house, "payer_followup", "receipt_check", application, submitted, "payer:Y-2", "application:A-1")
    put_job(house, "onboarding_packet", "open_therapist", coming, coming_offer, "therapist:T-2", "placement:P-2")
    put_job(house, "onboarding_packet", "open_facility", coming, coming_offer, "facility:F-2", "placement:P-2")
    settled(house)
    assert house.sql("SELECT worker, step, address FROM message") == [], "a letter to somebody who has no part in it"
    assert len(reasons(house, "job.moot")) == 6, reasons(house, "job.moot")
    assert house.one("SELECT count(*) FROM fired") == 0
    # The same for the right ones goes.
    put_job(house, "license_renewal", "reminder_90", license, expires, "therapist:T-1", "license:L-1")
    put_job(house, "check_in", "facility_30", placement, start, "facility:F-1", "placement:P-1")
    put_job(house, "payer_followup", "receipt_check", application, submitted, "payer:Y-1", "application:A-1")
    settled(house)
    assert sorted(house.sql("SELECT worker, address FROM message")) == IS_OPEN * [("check_in", "pat@house1.example")] + [
        ("license_renewal", "tina@moss1.example"), ("payer_followup", "desk@payer1.example")], (
        house.sql("SELECT worker, address FROM message"))


def what_a_hold_silences_is_not_planned(house):
    """Due and fetch agree, so that no plan makes jobs only to set them aside, each day anew."""
    house.sql("UPDATE license SET status = 'renewal_submitted', status_on = current_date - 20, expires_on = current_date + 6")
    house.sql("INSERT INTO hold (agency_id, ext_id, about, subject_id, kind, from_on, reason, placed_by) SELECT agency_id, "
              "'X-1', 'therapist', therapist_id, 'pause', current_date - 30, 'on leave', 'test' FROM therapist WHERE ext_id = 'T-1'")
    rooms = FIRST_STEPS.keys() - {"invoice_escalation"}
    for worker in rooms:
        house.tickler("run", worker)
    house.wait(lambda: house.one("SELECT count(*) FROM occurrence WHERE state = 'fired'") >= len(rooms), "the plans", 20)
    settled(house)
    assert reasons(house, "job.held") == [], reasons(house, "job.held")
    assert house.sql("SELECT title FROM task WHERE worker = 'license_renewal'") == []


def a_slip_of_the_pen_stops_no_plan(house):
    """A date that is off by millennia is refused; where it came another way, the room still plans for all the others."""
    path = house.root / "slip.csv"
    support.write_csv(path, [dict(license="L-9", therapist="T-1", state="TX", type="LPC", expires_on="9999-12-31",
                                  ce_by="0001-01-01", apply_by="2001-01-01")])
    refused = house.tickler("import", "licenses", path, check=False)
    assert refused.returncode == 1 and refused.stderr.count("is over ten years before expires_on") == 2, refused.stderr
    house.sql("INSERT INTO license (agency_id, ext_id, therapist_id, state, type, expires_on, ce_by) SELECT agency_id, 'L-9', "
              "therapist_id, 'TX', 'LPC', '9999-12-31', '0001-01-01' FROM therapist WHERE ext_id = 'T-1'")
    due = house.json("plan", "--as-of", dt.datetime.now(ZONE).date())
    assert ("license_renewal", ["license:L-1"]) in [(row["worker"], row["subjects"]) for row in due], due


def an_id_may_have_a_blank(house):
    """The agency's own ids are its own: "P 3" is one, and the tasks of its packet's items stay while the items are open."""
    start = dt.datetime.now(ZONE).date() + dt.timedelta(days=9)
    house.sql("UPDATE placement SET ext_id = 'P 3', start_on = %s WHERE ext_id = 'P-2'", start)
    placement = house.one("SELECT placement_id FROM placement WHERE ext_id = 'P 3'")
    house.sql("INSERT INTO packet_item (agency_id, placement_id, item, status, status_on) SELECT agency_id, %s, 'cv', 'received', "
              "'2020-01-01' FROM agency", placement)
    put_job(house, "onboarding_packet", "items_10", placement, start, "therapist:T-1", "placement:P 3")
    settled(house)
    tasks = "SELECT count(*) FROM task WHERE step = 'items_10' AND state = %s"
    raised = house.one(tasks, "open")
    assert raised > 5, raised
    house.sql("UPDATE packet_item SET status = 'open'")
    house.sql("UPDATE packet_item SET status = 'received' WHERE item = 'cv'")
    house.sql("INSERT INTO packet_item (agency_id, placement_id, item, status, status_on) SELECT agency_id, %s, 'photo_id', "
              "'received', '2020-01-01' FROM agency", placement)
    house.tickler("run", "onboarding_packet")
    house.wait(lambda: house.one("SELECT count(*) FROM occurrence WHERE worker = 'onboarding_packet' AND state = 'fired'") == 1,
               "the plan", 20)
    assert house.sql("SELECT split_part(matter, ' ', 4), state FROM task WHERE step = 'items_10' AND state <> 'open'") == [
        ("photo_id", "withdrawn")], "only what is in withdraws"


def a_start_that_is_safe_again_is_no_task(house):
    """Between the plan and the work the last required paper came."""
    placement, start = house.sql("SELECT placement_id, start_on FROM placement WHERE ext_id = 'P-2'")[0]
    house.sql("INSERT INTO packet_item (agency_id, placement_id, item, status, status_on) SELECT agency_id, %s, item, "
              "'received', '2020-01-01' FROM packet_rule WHERE facility_type = 'telehealth'", placement)
    put_job(house, "onboarding_packet", "at_risk", placement, start, "therapist:T-1", "placement:P-2")
    settled(house)
    assert house.sql("SELECT title FROM task WHERE worker = 'onboarding_packet'") == []
    assert "not at risk" in reasons(house, "job.moot")[0]
    # A task that was raised before withdraws, also in the last days.
    tomorrow = dt.datetime.now(ZONE).date() + dt.timedelta(days=1)
    house.sql("UPDATE placement SET start_on = %s WHERE placement_id = %s", tomorrow, placement)
    house.sql("UPDATE packet_item SET start_on = %s", tomorrow)
    house.sql("INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, assignee_id, priority, due_on, "
              "created_at, cycle) SELECT agency_id, 'onboarding_packet', 'at_risk', 'therapist:T-1', 'at_risk placement:P-2', "
              "'{placement:P-2}', 'Start at risk', 'open', min(staff_id), 'high', %s, now(), %s FROM staff GROUP BY 1",
              tomorrow, tomorrow)
    house.tickler("run", "onboarding_packet")
    house.wait(lambda: house.one("SELECT state FROM task WHERE step = 'at_risk'") == "withdrawn", "the task to withdraw", 20)


def main():
    with House() as house:
        begin_quietly(house)
        for test in (a_job_whose_record_is_gone_ends, a_record_that_is_anothers_now, a_slip_of_the_pen_stops_no_plan,
                     a_start_that_is_safe_again_is_no_task, an_id_may_have_a_blank, what_a_hold_silences_is_not_planned):
            anew(house)
            test(house)
            print(f"ok {test.__name__}", flush=True)
        house.tickler("audit", "verify")


if __name__ == "__main__":
    support.leave_root()
    main()
