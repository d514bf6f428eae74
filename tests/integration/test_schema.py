"""The schema: no two agencies can touch each other's rows, the app's role rewrites no history, migrations are safe."""
import shutil
import sys

import psycopg2

import house as support
from house import House

ALONE = {"agency", "migration", "leader", "spent"}  # no agency's rows, or (spent) a counter without references


def fails(house, text, *values, code=None, user="ticklerd_owner"):
    connection = psycopg2.connect(host=str(house.dir / "run/postgres"), dbname="ticklerd", user=user)
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, values or None)
    except psycopg2.Error as error:
        assert code is None or error.pgcode == code, (text, error)
        return
    finally:
        connection.close()
    raise AssertionError(f"went through: {text}")


def test_every_key_leads_with_the_agency(house):
    rows = house.sql("""SELECT c.conrelid::regclass::text, c.conname, c.contype,
                               (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k (num, n)
                                  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num)
                          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
                         WHERE c.contype IN ('p', 'u', 'f') AND t.relnamespace = 'public'::regnamespace
                           AND NOT t.relispartition""")
    checked = 0
    for table, name, kind, columns in rows:
        if table in ALONE or (table == "job" and columns == ["job_id"]):
            continue
        # A second key need only hold it: where it leads too, a plan made over an empty table cannot tell it from the first.
        assert columns[0] == "agency_id" or (kind == "u" and "agency_id" in columns), (table, name, columns)
        checked += 1
    assert checked > 30, checked
    print(f"  {checked} keys and foreign keys lead with the agency")


def test_rows_cannot_point_across(house):
    """For each foreign key that carries an agency: a row of agency 2 pointing at agency 1's is refused."""
    house.sql("INSERT INTO agency (ext_id, name, timezone) VALUES ('B', 'Second', 'UTC')")
    house.sql("""INSERT INTO facility (agency_id, facility_id, ext_id, name, type) VALUES (1, 500, 'F', 'X', 'iop')""")
    house.sql("""INSERT INTO invoice (agency_id, invoice_id, ext_id, facility_id, issued_on, due_on, amount_cents)
                 VALUES (1, 600, 'I', 500, '2027-01-01', '2027-01-31', 5)""")
    across = "23503"
    fails(house, "INSERT INTO contact (agency_id, ext_id, facility_id, name, role) VALUES (2, 'C', 500, 'x', 'billing')",
          code=across)
    fails(house, """INSERT INTO invoice (agency_id, ext_id, facility_id, issued_on, due_on, amount_cents)
                    VALUES (2, 'I', 500, '2027-01-01', '2027-01-31', 5)""", code=across)
    fails(house, """INSERT INTO payment (agency_id, ext_id, facility_id, invoice_id, received_on, amount_cents)
                    VALUES (2, 'P', 500, 600, '2027-01-01', 5)""", code=across)
    fails(house, "INSERT INTO facility (agency_id, ext_id, name, type, parent_id) VALUES (2, 'G', 'x', 'iop', 500)", code=across)
    staff = house.one("SELECT staff_id FROM staff WHERE agency_id = 1 LIMIT 1")
    fails(house, "INSERT INTO facility (agency_id, ext_id, name, type, account_manager_id) VALUES (2, 'G', 'x', 'iop', %s)",
          staff, code=across)
    fails(house, """INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, assignee_id, priority,
                    due_on, created_at) VALUES (2, 'w', 's', 'p', 'm', '{}', 't', 'r', %s, 'low', '2027-01-01', 'epoch')""",
          staff, code=across)
    fails(house, "UPDATE invoice SET agency_id = 2 WHERE invoice_id = 600", code=across)


def test_the_app_role_rewrites_no_history(house):
    house.sql("INSERT INTO fired VALUES (1, 'w', 1, '2027-01-01', 's', 1, 0, 1, 'done', NULL, 'epoch', 'epoch')")
    denied = "42501"
    for text in ("UPDATE event SET kind = 'x'", "DELETE FROM event", "UPDATE fired SET outcome = 'moot'", "DELETE FROM fired",
                 "UPDATE fired_2027 SET outcome = 'moot'", "DELETE FROM fired_2027", "DELETE FROM message",
                 "CREATE TABLE x (a int)", "ALTER TABLE invoice ADD x int", "DROP TABLE invoice", "TRUNCATE event"):
        fails(house, text, code=denied, user="ticklerd_app")
    for table in ("therapist", "license", "ce_record", "payer", "placement", "placement_start", "panel_application", "packet_item",
                  "document", "response", "rule_pack", "bounce"):
        fails(house, f"DELETE FROM {table}", code=denied, user="ticklerd_app")
    fails(house, "UPDATE bounce SET outcome = 'nothing'", code=denied, user="ticklerd_app")


def test_tampering_is_found(house):
    # The scheduler writes events of its own while a new agency gets its schedules.
    schedules = len(list((house.dir / "config/schedules").glob("*.yaml")))
    house.wait(lambda: house.one("SELECT count(*) FROM event WHERE agency_id = 1 AND kind = 'schedule.applied'") >= schedules,
               "the schedules to be applied")
    for n in range(5):
        house.sql("""SELECT append_events(1, '2027-01-01', 'test', ARRAY['a', 'b'], ARRAY['x:1', 'x:2'],
                                          ARRAY['{"n": %s}', '{}']::jsonb[])""" % n)
    audit = lambda: house.tickler("--agency", "A-1", "audit", "verify", check=False)
    assert audit().returncode == 0
    seq = house.one("SELECT max(seq) FROM event WHERE agency_id = 1")
    row = house.sql("SELECT detail::text, actor FROM event WHERE agency_id = 1 AND seq = %s", seq - 3)[0]
    for change, undo in (
            (f"UPDATE event SET detail = '{{\"n\": 99}}' WHERE agency_id = 1 AND seq = {seq - 3}",
             f"UPDATE event SET detail = '{row[0]}' WHERE agency_id = 1 AND seq = {seq - 3}"),
            (f"UPDATE event SET actor = 'nobody' WHERE agency_id = 1 AND seq = {seq - 3}",
             f"UPDATE event SET actor = '{row[1]}' WHERE agency_id = 1 AND seq = {seq - 3}")):
        house.sql(change)
        done = audit()
        assert done.returncode == 1 and f"event {seq - 3} is not what was written" in done.stderr, done.stderr
        house.sql(undo)
        assert audit().returncode == 0
    house.sql("DELETE FROM event WHERE agency_id = 1 AND seq = (SELECT max(seq) FROM event WHERE agency_id = 1)")
    assert "its end is cut off" in audit().stderr, audit().stderr


def test_KB_06_balances_by_day(house):
    """Part payments, refund, chargeback and its reversal, by the day from which each counts."""
    house.sql("""INSERT INTO invoice (agency_id, invoice_id, ext_id, facility_id, issued_on, due_on, amount_cents)
                 VALUES (1, 601, 'I-601', 500, '2027-01-01', '2027-01-31', 10000)""")
    for n, (on, cents, kind) in enumerate((("2027-02-01", 4000, "payment"), ("2027-02-05", 6000, "payment"),
                                           ("2027-02-10", 6000, "chargeback"), ("2027-02-20", 6000, "reversal"),
                                           ("2027-03-01", 1000, "refund"), ("2027-03-05", 1000, "credit_note"))):
        house.sql("""INSERT INTO payment (agency_id, ext_id, facility_id, invoice_id, received_on, amount_cents, kind)
                     VALUES (1, %s, 500, 601, %s, %s, %s)""", f"P-{n}", on, cents, kind)
    balance = lambda day: house.one("SELECT invoice_balance(1, 601, 10000, %s)", day)
    assert [balance(d) for d in ("2027-01-31", "2027-02-01", "2027-02-05", "2027-02-10", "2027-02-20", "2027-03-01",
                                 "2027-03-05")] == [10000, 6000, 0, 6000, 0, 1000, 0]
    assert str(house.one("SELECT settled_on FROM invoice WHERE invoice_id = 601")) == "2027-03-05"
    house.sql("DELETE FROM payment WHERE ext_id = 'P-5'")
    assert house.one("SELECT settled_on = 'infinity' FROM invoice WHERE invoice_id = 601")
    house.sql("UPDATE invoice SET amount_cents = 9000 WHERE invoice_id = 601")
    assert str(house.one("SELECT settled_on FROM invoice WHERE invoice_id = 601")) == "2027-02-20"


def test_migrations(house):
    share = house.root / "share"
    shutil.copytree(support.SOURCE / "config", share)
    files = len(list((share / "schema").glob("*.sql")))
    assert house.tickler("migrate", "--status").count("applied") == files
    run = lambda: house.tickler("migrate", check=False)
    support.os.environ["TICKLER_SHARE"] = str(share)
    try:
        extra = share / f"schema/{files + 1:03}_more.sql"
        extra.write_text("CREATE TABLE more (a int); SELECT 1 / 0;")
        done = run()
        assert done.returncode == 1 and extra.name in done.stderr and "division by zero" in done.stderr, done.stderr
        assert house.one("SELECT to_regclass('more')") is None, "a half-made step was left"
        late = extra.rename(share / f"schema/{files + 2:03}_more.sql")
        assert f"number {files + 1:03} is missing" in run().stderr
        late.rename(extra)
        extra.write_text("CREATE TABLE more (a int);")
        assert "1 schema files applied" in run().stdout and "0 schema files applied" in run().stdout
        extra.write_text("CREATE TABLE more (a int, b int);")
        assert "was edited after it was applied" in run().stderr
        extra.unlink()
        assert "older than the database" in run().stderr
    finally:
        del support.os.environ["TICKLER_SHARE"]
        house.sql("DROP TABLE more")
        house.sql("DELETE FROM migration WHERE number = %s", files + 1)


def main():
    with House() as house:
        house.init()
        house.start()
        files = len(list((house.dir / "config/schedules").glob("*.yaml")))
        house.wait(lambda: house.one("SELECT count(*) FROM schedule") == files, "every schedule to be applied, with its event")
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(house)
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
