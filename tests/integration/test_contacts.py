"""Whom a letter reaches: the contact by role, who stands in, suppressed addresses, nobody left; how often one person is written to,
whatever the facilities; and at which hour of his own."""
import datetime as dt
import sys
import zoneinfo

import house as support
from house import House

ZONE = zoneinfo.ZoneInfo("America/Chicago")
TODAY = dt.datetime.now(ZONE).date()

# The people of a facility (its billing contact 2 is only tried after 1; P is its parent's billing), whose addresses are
# suppressed, the roles asked for, and who gets the letter.
ROLES = [
    ("billing1 billing2 director hr", "", "billing_contact", "billing1"),
    ("billing1 billing2 director hr", "billing1", "billing_contact", "billing2"),
    ("billing1 director hr", "billing1", "billing_contact", "P"),
    ("director hr compliance", "", "billing_contact", "P"),
    ("director hr compliance", "P", "billing_contact", ""),
    ("billing1 director hr compliance", "", "clinical_director", "director"),
    ("billing1 director hr compliance", "director", "clinical_director", "hr"),
    ("billing1 director hr compliance", "director hr", "clinical_director", "compliance"),
    ("billing1 director hr compliance", "director hr compliance", "clinical_director", ""),
    ("billing1", "", "clinical_director", ""),
    ("director hr compliance", "", "hr", "hr"),
    ("director hr compliance", "hr", "hr", "compliance"),
    ("director hr compliance", "hr compliance", "hr", "director"),
    ("director hr compliance", "compliance", "compliance", "hr"),
    ("director hr compliance", "compliance hr", "compliance", "director"),
    ("billing1 director", "", "billing_contact clinical_director", "billing1 director"),
    ("billing1 hr", "", "clinical_director hr", "hr"),  # nobody twice
    ("", "", "account_manager", "am2"),  # the facility's own
    ("", "am2", "account_manager", "am1"),
    ("", "am1 am2", "account_manager", "lead"),
    ("", "am1 am2 lead", "account_manager", "lea"),
    ("", "am1 am2 lead lea", "account_manager", ""),
    ("", "", "va va_lead leadership", "vera lead lea"),
    ("", "vera lead", "va va_lead leadership", "lea"),
    ("", "lea", "leadership", "lead"),
]
CONTACT_ROLE = {"billing1": "billing", "billing2": "billing", "director": "clinical_director", "hr": "hr", "compliance": "compliance"}


def prepared(house, path, name, types):
    text = (support.SOURCE / path).read_text()
    house.sql(f"PREPARE {name} ({types}) AS {text}")


def contact(house, facility, name, role):
    house.sql("INSERT INTO contact (agency_id, ext_id, facility_id, name, email, role) SELECT agency_id, %s, facility_id, %s, %s, "
              "%s FROM facility WHERE ext_id = %s", f"{facility}-{name}", name, f"{name}@x.example", role, facility)


def roles_and_stand_ins(house):
    house.sql("UPDATE staff SET email = 'vera@x.example' WHERE role = 'va'")
    house.sql("UPDATE staff SET email = 'lea@x.example' WHERE role = 'leadership'")
    for name, role in (("am1", "account_manager"), ("am2", "account_manager"), ("lead", "va_lead")):
        house.sql("INSERT INTO staff (agency_id, ext_id, name, email, role) SELECT agency_id, %s, %s, %s, %s FROM agency",
                  name, name, f"{name}@x.example", role)
    for facility, parent in (("P", None), ("S", "P")):
        house.sql("INSERT INTO facility (agency_id, ext_id, name, type, parent_id, account_manager_id) SELECT a.agency_id, %s, %s, "
                  "'iop', (SELECT facility_id FROM facility WHERE ext_id = %s), (SELECT staff_id FROM staff WHERE ext_id = 'am2') "
                  "FROM agency a", facility, f"House {facility}", parent)
    contact(house, "P", "P", "billing")
    contact(house, "P", "Phr", "hr")  # of the parent only the billing contact stands in
    prepared(house, "daemon/lib/sql/recipients.sql", "recipients", "int[], bigint[], text[], text[]")
    ident = house.one("SELECT facility_id FROM facility WHERE ext_id = 'S'")
    for people, suppressed, asked, expected in ROLES:
        house.sql("DELETE FROM contact WHERE ext_id LIKE 'S-%%'")
        house.sql("DELETE FROM suppression")
        for name in people.split():
            contact(house, "S", name, CONTACT_ROLE[name])
        for name in suppressed.split():
            house.tickler("suppress", f"{name.upper()}@X.example", "--reason", "came back")
        rows = house.sql(f"EXECUTE recipients ('{{1,1}}', '{{0,{ident}}}', ARRAY[%s, %s], '{{facility,facility}}')", asked, asked)
        found = " ".join(row[2].split("@")[0] for row in rows if row[4] == 2)  # of the second line; nobody is the facility 0
        assert found == expected, f"{people} without {suppressed}, asked for {asked}: {found}, not {expected}"
    house.sql("DELETE FROM suppression")


def therapists_and_payers(house):
    for table, key in (("therapist", "T-1"), ("payer", "Y-1")):
        house.sql(f"INSERT INTO {table} (agency_id, ext_id, name, email) SELECT agency_id, %s, 'N', %s FROM agency", key,
                  f"{table}@x.example")
        ident = house.one(f"SELECT {table}_id FROM {table}")
        asked = f"EXECUTE recipients ('{{1}}', '{{{ident}}}', '{{{table}}}', '{{{table}}}')"
        assert [row[2] for row in house.sql(asked)] == [f"{table}@x.example"]
        house.tickler("suppress", f"{table}@x.example", "--reason", "came back")
        assert not house.sql(asked), "nobody stands in for a therapist or a payer"


def invoices(house, *facilities, currency="USD"):
    """An overdue invoice of each facility, all with one and the same billing contact."""
    for name in facilities:
        house.sql("INSERT INTO facility (agency_id, ext_id, name, type, timezone) SELECT agency_id, %s, %s, 'iop', 'America/Chicago' "
                  "FROM agency ON CONFLICT DO NOTHING", name, f"Clinic {name}")
        house.sql("INSERT INTO contact (agency_id, ext_id, facility_id, name, email, role) SELECT agency_id, %s, facility_id, 'Pat', "
                  "'Pat@x.example', 'billing' FROM facility WHERE ext_id = %s ON CONFLICT DO NOTHING", f"C-{name}", name)
        house.sql("INSERT INTO invoice (agency_id, ext_id, facility_id, issued_on, due_on, amount_cents, currency) SELECT agency_id, "
                  "%s, facility_id, %s, %s, 10000, %s FROM facility WHERE ext_id = %s", f"{name}-{currency}",
                  TODAY - dt.timedelta(days=40), TODAY - dt.timedelta(days=12), currency, name)


def waiting(house):
    return [row[0] for row in house.sql("SELECT reason FROM job WHERE worker = 'invoice_escalation' ORDER BY party")]


def settled(house, letters, waits):
    def now():
        reasons = waiting(house)
        return (house.one("SELECT count(*) FROM message WHERE state = 'sent' AND worker = 'invoice_escalation'") == letters and
                len(reasons) == waits and all(reasons))
    house.wait(now, f"{letters} letters and {waits} jobs that wait")


def forget(house):
    for table in ("message_step", "job", "spent", "invoice"):
        house.sql(f"DELETE FROM {table}")
    house.sql("UPDATE message SET state = 'failed'")
    house.sql("ALTER TABLE fired DISABLE TRIGGER ALL")
    house.sql("DELETE FROM fired")


def one_person_of_two_facilities(house):
    invoices(house, "A", "B")
    house.tickler("run", "invoice_escalation")
    settled(house, 1, 1)
    assert waiting(house) == ["the day's letters to this party or person are spent"]


def two_currencies_are_one_contact(house):
    forget(house)
    invoices(house, "A")
    invoices(house, "A", currency="EUR")
    house.tickler("run", "invoice_escalation")
    settled(house, 2, 0)
    assert house.sql("SELECT count FROM spent WHERE scope LIKE 'person %%'") == [(1,), (1,)]


def the_total_of_all_rooms(house):
    """Three letters of other rooms today; the facility has had none."""
    forget(house)
    house.sql("INSERT INTO spent VALUES (1, 'person pat@x.example', %s, 3)", TODAY)
    invoices(house, "A")
    house.tickler("run", "invoice_escalation")
    settled(house, 0, 1)
    assert not house.sql("SELECT FROM spent WHERE scope LIKE '%%invoice_escalation' AND count > 0"), "a place taken for nothing"


def digests_do_not_count(house):
    house.sql("INSERT INTO spent VALUES (1, 'person vera@x.example', %s, 99)", TODAY)
    house.sql("INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, assignee_id, priority, due_on, "
              "created_at) SELECT agency_id, 'x', 'x', 'facility:A', 'x', '{}', 'Call', 'why', staff_id, 'high', %s, %s FROM staff "
              "WHERE role = 'va'", TODAY, dt.datetime.now(dt.timezone.utc))
    house.tickler("run", "task_desk")
    house.wait(lambda: house.one("SELECT count(*) FROM message WHERE template = 'digest' AND state = 'sent'") == 1, "the digest")
    assert house.sql("SELECT count FROM spent WHERE scope = 'person vera@x.example'") == [(99,)]


def nobody_is_left(house):
    forget(house)
    house.sql("UPDATE invoice SET settled_on = settled_on")
    invoices(house, "A")
    house.sql("UPDATE invoice SET due_on = due_on - 10, issued_on = issued_on - 10")
    house.tickler("run", "invoice_escalation")
    house.wait(lambda: house.one("SELECT count(*) FROM task WHERE title = 'Find a clinical director for Clinic A'") == 1, "the task")
    assert house.one("SELECT matter FROM task WHERE title LIKE 'Find%%'") == "contact facility:A clinical_director"


def in_his_own_hours(house):
    """Open here, closed where the clinic is: its clock shows four hours less."""
    forget(house)
    invoices(house, "A", "K")
    house.sql("UPDATE facility SET timezone = 'Pacific/Kiritimati' WHERE ext_id = 'K'")
    house.sql("UPDATE contact SET email = 'k@x.example' WHERE ext_id = 'C-K'")
    house.tickler("run", "invoice_escalation")
    settled(house, 1, 1)
    assert waiting(house) == ["outside the hours in which letters go out"]
    assert house.one("SELECT party FROM job WHERE worker = 'invoice_escalation'") == "facility:K"


def begin(house, **schedule):
    house.init()
    support.open_window(house)
    house.schedule("invoice_escalation", **{**dict(storm_brake=0, stop_if_data_older_than=None, min_gap="0d", overrides=None),
                                            **schedule})
    house.edit(house.dir / "config/schedules/task_desk.yaml",
               lambda document: document["steps"][0].update(at="-3d"))  # a digest is due on days off too
    house.start()


def in_a_house(tests, **schedule):
    with House() as house:
        begin(house, **schedule)
        for test in tests:
            test(house)
            print(f"ok {test.__name__}", flush=True)
        house.tickler("audit", "verify")


def main():
    hour = dt.datetime.now(ZONE).hour
    in_a_house([roles_and_stand_ins, therapists_and_payers, one_person_of_two_facilities, two_currencies_are_one_contact,
                the_total_of_all_rooms, digests_do_not_count])
    in_a_house([in_his_own_hours], window=f"{max(hour - 1, 0):02}:00-{min(hour + 2, 24):02}:00")
    in_a_house([nobody_is_left], steps=[{"id": "formal", "at": "+3d", "send": {"template": "formal", "to": "clinical_director"}}])


if __name__ == "__main__":
    support.leave_root()
    main()
