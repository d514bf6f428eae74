"""The license room on the real processes: an agency with a license for each rule is rehearsed over half a year, and what it
lived through is compared with days counted here, apart from ticklerd. Then, live: a new expiry begins a new round,
tasks withdraw with the reason, a rule read again takes back its task.
"""
import collections
import datetime as dt
import re

import house as support
from house import House
from ledger_oracle import is_open

FROM, TO = dt.date(2027, 1, 4), dt.date(2027, 8, 13)
DAY = dt.timedelta(days=1)
EXPIRY = dt.date(2027, 6, 30)
MAIN = (("reminder_90", -90), ("reminder_60", -60), ("recruiter_45", -45), ("check_30", -30), ("call_14", -14),
        ("leadership_7", -7))
WRITES = {"ce_standing", "reminder_90", "reminder_60", "recruiter_45", "check_30", "final_14"}
TASKS = {"recruiter_45": ("REC", "normal"), "check_30": ("VA-1", "normal"), "call_14": ("VA-1", "high"),
         "leadership_7": ("L-1", "high"), "final_14": ("VA-1", "high")}


def roll(day):
    while not is_open(day):
        day += DAY
    return day


def main_ladder(anchor, opens=FROM, until=None):
    """{step: day}: each step on its day, rolled; before `opens` none, then the newest that has come."""
    falls = [(step, roll(anchor + off * DAY)) for step, off in MAIN]
    first = roll(max(opens, FROM))
    late = [step for step, day in falls if day <= first]
    told = {step: day for step, day in falls if day > first}
    if late:
        told[late[-1]] = first
    return {step: day for step, day in told.items() if until is None or day < until}


def expired_ladder(day):
    return {"off_schedule": roll(day), "off_schedule_again": roll(day + 7 * DAY), "leadership_0": roll(day),
            "leadership_again": roll(day + 7 * DAY)}


class Office:
    def __init__(self):
        self.rows = collections.defaultdict(list)
        self.expected = {}  # license -> {step: day}
        self.urgent = set()

    def therapist(self, ident):
        self.rows["therapists"].append(dict(therapist=ident, name=f"Name {ident}", email=f"{ident.lower()}@x.example",
                                            phone="555-0100", recruiter="REC"))

    def license(self, ident, state="TX", kind="LPC", expires=EXPIRY, therapist=None, expect=None, **more):
        if therapist is None:
            therapist = "T-" + ident
            self.therapist(therapist)
        row = dict(license=ident, therapist=therapist, state=state, type=kind, issued_on="", expires_on=expires,
                   status="", status_on="", depends_on="", ce_by="", apply_by="", renewal_opens="", first_renewal="")
        row.update(more)
        self.rows["licenses"].append(row)
        self.expected[ident] = expect or {}

    def ce(self, ident, hours, category="", on=dt.date(2026, 9, 1)):
        self.rows["ce_records"].append(dict(ce=f"CE-{len(self.rows['ce_records'])}", license=ident, completed_on=on,
                                            hours=hours, category=category))

    def complete(self, ident, **more):
        """Enough for Texas: 24 hours, 6 of ethics, 3 of diversity."""
        self.ce(ident, 15, **more)
        self.ce(ident, 6, "ethics", **more)
        self.ce(ident, 3, "diversity", **more)

    def place(self, ident, therapist, license="", start=dt.date(2026, 6, 1), end=""):
        self.rows["placements"].append(dict(placement=ident, therapist=therapist, facility="F-1", license=license,
                                            start_on=start, end_on=end, status="active"))


def build():
    o = Office()
    o.rows["staff"] += [dict(staff="REC", name="Ana Ruiz", email="ana@agency.example", role="recruiter"),
                        dict(staff="LEAD", name="Lou Park", email="lou@agency.example", role="va_lead")]
    o.rows["facilities"].append(dict(facility="F-1", name="Cedar House", type="iop", state="TX"))
    over, ce = expired_ladder(EXPIRY), {"ce_standing": roll(EXPIRY - 120 * DAY)}
    o.license("short", expect={**ce, **main_ladder(EXPIRY), **over})
    o.license("complete", expect={**main_ladder(EXPIRY), **over})
    o.complete("complete")
    o.license("category", expect={**ce, **main_ladder(EXPIRY), **over})  # hours enough, ethics not
    o.ce("category", 30, "diversity")
    o.license("carried", expect={**main_ladder(EXPIRY), **over})  # 8 hours above the last cycle's 24 count
    o.ce("carried", 32, on=dt.date(2025, 3, 1))
    for hours, category in ((7, ""), (6, "ethics"), (3, "diversity")):
        o.ce("carried", hours, category)
    o.license("exempt", "FL", "LMHC", first_renewal="true", expect={**main_ladder(EXPIRY), **over})
    o.license("no_rule", "WY", "LCSW", expect={**main_ladder(EXPIRY), **over})
    # California opens 90 days before; the record of the other says 40 days, and CE does not wait for that.
    o.license("opens_rule", "CA", "LCSW", expect={**ce, **main_ladder(EXPIRY, EXPIRY - 90 * DAY), **over})
    o.license("opens_own", renewal_opens=EXPIRY - 40 * DAY,
              expect={**ce, **main_ladder(EXPIRY, EXPIRY - 40 * DAY), **over})
    # Dates of the record: filing on May 14; then the last weeks before the expiry have a step of their own.
    early = dt.date(2027, 5, 14)
    final = {"final_14": roll(EXPIRY - 14 * DAY)}
    o.license("apply_by", apply_by=early, expect={**main_ladder(early), **final, **over})
    o.complete("apply_by")
    o.license("ce_by", ce_by=early, expect={**main_ladder(early), **final, **over})  # -120 and -90 meet: see below
    o.expected["ce_by"]["ce_standing"] = roll(early - 120 * DAY)
    # CE becomes complete on May 3, after check_30 of CE-by: what was taken is not taken again for the expiry.
    o.license("ce_done", ce_by=early, expect={
        "ce_standing": roll(early - 120 * DAY), **main_ladder(early, until=dt.date(2027, 4, 20)),
        "call_14": roll(EXPIRY - 14 * DAY), "leadership_7": roll(EXPIRY - 7 * DAY), **over})
    o.ce("ce_done", 15)
    o.ce("ce_done", 6, "ethics")
    o.ce("ce_done", 3, "diversity", on=dt.date(2027, 4, 20))
    # Filed, renewed, surrendered.
    filed = dt.date(2027, 5, 11)
    o.license("filed", status="renewal_submitted", status_on=filed, expect={
        **ce, **main_ladder(EXPIRY, until=filed),
        "ask_board": roll(filed + 14 * DAY), "pending_7": roll(EXPIRY - 7 * DAY), "pending_expired": EXPIRY})
    o.license("filed_placed", status="renewal_submitted", status_on=filed, expect={
        **o.expected["filed"], "pending_leadership": EXPIRY})
    o.place("P-filed", "T-filed_placed")
    o.license("renewed", status="renewed", status_on=filed, expect={
        **ce, **main_ladder(EXPIRY, until=filed), "new_expiry": roll(filed + 7 * DAY)})
    o.license("new_round", status="renewed", status_on=filed, expires=dt.date(2029, 6, 30))
    o.license("surrendered", status="surrendered", status_on=filed, expect={**ce, **main_ladder(EXPIRY, until=filed)})
    o.license("lapsed", status="lapsed", status_on=filed, expires=dt.date(2028, 6, 30), expect=expired_ladder(filed))
    # On a placement: urgent. A privilege has no notice of its own; of a parent that was given up it has.
    o.therapist("T-placed")
    o.license("placed", therapist="T-placed", expect={**ce, **main_ladder(EXPIRY), **over})
    o.license("privilege", "AZ", "compact_privilege", therapist="T-placed", depends_on="placed")
    o.place("P-1", "T-placed")
    o.rows["payers"].append(dict(payer="Y-1", name="Blue Plan"))
    o.rows["panel_applications"].append(dict(application="A-1", therapist="T-placed", payer="Y-1",
                                             submitted_on=dt.date(2026, 7, 1), status="approved",
                                                 status_on=dt.date(2026, 9, 1)))
    o.license("orphan", "AZ", "compact_privilege", therapist="T-surrendered", depends_on="surrendered",
              expires=dt.date(2028, 1, 31), expect=expired_ladder(filed))
    # Found expired: on a placement always, else not after 30 days.
    o.license("old_placed", expires=FROM - 100 * DAY, expect={"off_schedule_again": FROM, "leadership_again": FROM})
    o.place("P-2", "T-old_placed")
    o.license("old_free", expires=FROM - 100 * DAY)
    o.license("old_ended", expires=FROM - 100 * DAY)
    o.place("P-3", "T-old_ended", end=FROM - DAY)
    # A hold silences letters and calls, not the news of an expiry.
    o.license("held", expect=over)
    o.rows["holds"].append(dict(hold="H-1", about="therapist", id="T-held", kind="pause", from_on=FROM, until_on="",
                                reason="on leave"))
    o.urgent |= {"placed", "old_placed", "filed_placed"}
    # Leap day, and licenses of one person that come together.
    o.therapist("T-many")
    for ident, state in (("many_a", "TX"), ("many_b", "WY"), ("many_c", "ID")):
        o.license(ident, state, therapist="T-many", expect={**main_ladder(EXPIRY), **over})
    o.complete("many_a")
    return o


def happened(effects):
    """{license: {step: day}} of steps done, letters by day, tasks."""
    steps, letters, tasks = collections.defaultdict(dict), [], []
    for e in effects:
        if e["worker"] != "license_renewal":
            continue
        day = dt.date.fromisoformat(e["at"][:10])
        if e["effect"] == "done":
            steps[e["subjects"][0].removeprefix("license:")][e["step"]] = day
        elif e["effect"] == "message":
            letters.append((day, e))
        elif e["effect"] == "task":
            tasks.append((day, e))
    return steps, letters, tasks


def told(steps, other):
    return ", ".join(f"{s} {d}" for s, d in sorted(steps.items()) if other.get(s) != d) or "nothing more"


def test_rehearsal(house, office):
    effects = house.json("rehearse", "--from", FROM, "--to", TO)
    steps, letters, tasks = happened(effects)
    wrong = []
    for ident, expected in office.expected.items():
        # Of a repeated step the first counts here.
        got = {s: d for s, d in steps[ident].items() if not re.match("(ask_board|new_expiry)_", s)}
        if got != expected:
            wrong.append(f"{ident}: got {told(got, expected)}, expected {told(expected, got)}")
    assert not wrong, "\n".join(wrong)
    seen = set()
    for day, e in letters:
        assert (day, e["party"]) not in seen, f"two letters to {e['party']} on {day}"
        seen.add((day, e["party"]))
        assert is_open(day) and e["step"] in WRITES, e
    many = [e for _, e in letters if e["party"] == "therapist:T-many"]
    assert [len(e["subjects"]) for e in many] == [3, 3, 3, 3], many
    assert many[0]["subject_line"] == "3 of your licenses are coming up for renewal"
    for day, e in tasks:
        if e["subjects"][0].startswith("rule:"):
            assert e["assignee"] == "staff:LEAD" and e["priority"] == "low", e
            continue
        ident = e["subjects"][0].removeprefix("license:")
        if e["step"] in TASKS:
            assert (e["assignee"], e["priority"]) == ("staff:" + TASKS[e["step"]][0], TASKS[e["step"]][1]), e
        if e["step"] in ("off_schedule", "off_schedule_again", "leadership_0", "leadership_again", "pending_expired"):
            assert e["priority"] == ("urgent" if ident in office.urgent else "high"), e
            assert e["due"] >= e["at"][:10]
    placed = [e for _, e in tasks if e["subjects"] == ["license:placed"]]
    off = next(e for e in placed if e["step"] == "off_schedule")
    assert off["title"] == "Take Name T-placed off the schedule: Texas LPC license expires today", off
    assert "1 placement, 1 payer panel, 1 dependent license" in off["reason"], off
    assert next(e for e in placed if e["step"] == "leadership_0")["assignee"] == "staff:L-1"
    orphan = next(e for _, e in tasks if e["subjects"] == ["license:orphan"] and e["step"] == "off_schedule")
    assert "fell with the Texas LPC license" in orphan["title"] + orphan["reason"], orphan
    rules = collections.Counter(e["subjects"][0] for _, e in tasks if e["subjects"][0].startswith("rule:"))
    assert rules["rule:FL LMHC"] == 1 and rules["rule:CA LCSW"] == 1, rules
    assert max(rules.values()) == 1, rules  # one task for a rule, however many licenses rest on it
    print(f"  {sum(map(len, office.expected.values()))} steps on their days, {len(letters)} letters, {len(tasks)} tasks")


def test_why(house):
    def facts(ident, on="2027-05-03"):
        return "\n".join(r["facts"] for r in house.json("why", "license", ident, "--on", on) if r.get("facts"))
    assert "CE 24 of 24 hours; diversity 3 of 3, ethics 6 of 6" in facts("complete")
    assert "CE 30 of 24 hours; diversity 30 of 3, ethics 0 of 6" in facts("category")
    assert "CE 24 of 24 hours" in facts("carried"), facts("carried")
    assert "first renewal: exempt" in facts("exempt") and "CE " not in facts("exempt")
    assert "warning: our renewal rule for the Florida LMHC license is uncertain" in facts("exempt")
    told = facts("placed")
    for line in ("placement P-1: Cedar House", "panel A-1: Blue Plan, approved",
        "privilege privilege: Arizona compact privilege"):
        assert line in told, told
    assert "in force: no" in facts("placed", "2027-07-01")
    assert "in force: no, license:placed is not" in facts("privilege", "2027-06-30") or \
        "in force: no" in facts("privilege", "2027-07-01")
    assert "reminders wait until then" in facts("opens_own")
    text = house.tickler("why", "license", "privilege", "--on", "2027-05-03")
    assert "it falls with license:placed" in text, text
    assert "license placed: Texas LPC license" in house.tickler("why", "therapist", "T-placed")


def due(house, ident, on):
    return [r["step"] for r in house.json("plan", "--worker", "license_renewal", "--as-of", on)
            if r["subjects"] == [f"license:{ident}"]]


def test_a_new_expiry_begins_a_new_round(house):
    house.sql("""INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, nominal, at)
                 SELECT 1, 'license_renewal', license_id, expires_on, s.step, 0, s.ordinal, therapist_id, 'done',
                     now(), now()
                   FROM license, step s WHERE ext_id = 'complete' AND s.worker = 'license_renewal'
                       AND s.step = 'reminder_90'""")
    assert due(house, "complete", "2027-04-05") == []
    house.sql("UPDATE license SET expires_on = '2027-07-01' WHERE ext_id = 'complete'")
    assert due(house, "complete", "2027-04-05") == ["reminder_90"]
    house.sql("UPDATE license SET expires_on = '2028-02-29' WHERE ext_id = 'complete'")
    assert due(house, "complete", "2027-12-01") == ["reminder_90"]  # 90 days before the leap day
    assert due(house, "complete", "2027-11-30") == []
    house.sql("UPDATE license SET expires_on = %s WHERE ext_id = 'complete'", EXPIRY)


def test_prorated(house):
    """Massachusetts: 30 hours in two years; licensed 18 months before, 22.5."""
    house.sql("""INSERT INTO license (agency_id, ext_id, therapist_id, state, type, issued_on, expires_on, first_renewal)
                 SELECT 1, 'prorated', therapist_id, 'MA', 'LMHC', '2026-06-30', '2027-12-31', true
                   FROM therapist WHERE ext_id = 'T-short'""")
    text = house.tickler("why", "license", "prorated", "--on", "2027-05-03")
    assert "CE 0 of 22.5 hours" in text, text
    house.sql("DELETE FROM license WHERE ext_id = 'prorated'")


def test_tasks_withdraw(house):
    """Live, on today's date: tasks of a real run, then the record changes and the next run takes them back."""
    today = house.one("SELECT (now() AT TIME ZONE 'America/Chicago')::date")
    house.sql("UPDATE license SET expires_on = %s WHERE ext_id IN ('no_rule', 'many_b', 'many_c', 'exempt')",
        today + 14 * DAY)
    house.sql("""UPDATE hold SET from_on = '2026-01-01' WHERE ext_id = 'H-1'""")
    house.tickler("run", "license_renewal")
    house.drain("license_renewal")

    def open_tasks():
        return {subject for subject, in house.sql("""SELECT subjects[1] FROM task WHERE worker = 'license_renewal'
                                                      AND state = 'open' AND step IN ('call_14', 'rule')""")}
    # On a day off the step of 14 days waits for the next business day; the ones before it speak then.
    if not {"license:no_rule", "license:many_b"} <= open_tasks():
        assert not is_open(today), open_tasks()
        return
    assert "rule:FL LMHC" in open_tasks(), open_tasks()
    house.sql("UPDATE license SET status = 'renewal_submitted', status_on = %s WHERE ext_id = 'no_rule'", today)
    house.sql("UPDATE license SET expires_on = %s WHERE ext_id = 'many_b'", today + 744 * DAY)
    house.sql("UPDATE license SET status = 'surrendered', status_on = %s WHERE ext_id = 'many_c'", today)
    house.sql("UPDATE license_rule SET as_of = %s, confidence = 'primary' WHERE state = 'FL'", today)
    house.tickler("run", "license_renewal")
    house.drain("license_renewal")
    reasons = dict(house.sql("""SELECT subjects[1], note FROM task WHERE worker = 'license_renewal' AND state = 'withdrawn'
                                  AND step IN ('call_14', 'rule')"""))
    assert reasons["license:no_rule"].startswith("the renewal was filed on"), reasons
    assert reasons["license:many_b"].startswith("the license now runs to"), reasons
    assert reasons["license:many_c"].startswith("the license was surrendered on"), reasons
    assert reasons["rule:FL LMHC"].startswith("the rule was read again on"), reasons
    assert "license:exempt" in open_tasks()


def main():
    support.leave_root()
    with House() as house:
        house.init()
        house.only("license_renewal")
        support.open_window(house)
        house.start()
        office = build()
        folder = house.root / "office"
        folder.mkdir()
        for name, rows in office.rows.items():
            support.write_csv(folder / f"{name}.csv", rows)
        house.tickler("import", "--dir", folder)
        house.wait(lambda: house.one("SELECT count(*) FROM license_rule") > 0, "the rules to be in force")
        test_rehearsal(house, office)
        test_why(house)
        test_a_new_expiry_begins_a_new_round(house)
        test_prorated(house)
        test_tasks_withdraw(house)
    print("ok")


if __name__ == "__main__":
    main()
