"""payer_followup over ten months: a payer, a therapist and a file for each rule, rehearsed by the real processes.

Every case states the days that it expects, and the whole is compared with tests/support/panel_oracle.py besides.
"""
import collections
import datetime as dt
import json
import sys

import house as support
import panel_oracle
from house import House

FROM, TO = dt.date(2027, 1, 4), dt.date(2027, 10, 29)
DAY = dt.timedelta(days=1)
FILED = dt.date(2027, 1, 4)


def on(month, day, year=2027):
    return dt.date(year, month, day)


class Office:
    """The CSV rows of all cases; a case's payer and therapist bear its name."""

    def __init__(self):
        self.rows = collections.defaultdict(list)

    def case(self, name, email=True, attested="", insured=""):
        self.rows["payers"].append(dict(payer=name, name=f"{name.title()} Health", phone="555-0140",
                                        email=f"cred@{name.lower()}.example" if email else "",
                                        portal_url="" if email else f"https://{name.lower()}.example"))
        self.rows["therapists"].append(dict(therapist=name, name=f"Maria {name.title()}", email=f"maria@{name.lower()}-t.example",
                                            caqh_attested_on=attested, insurance_expires_on=insured))

    def file(self, case, n=1, submitted=FILED, status="submitted", status_on="", effective="", revalidate="", therapist=None):
        self.rows["panel_applications"].append(
            dict(application=f"{case}-{n}", therapist=therapist or case, payer=case, submitted_on=submitted, status=status,
                 status_on=status_on, effective_on=effective, revalidate_on=revalidate, reference=f"REF-{case}-{n}"))

    def placement(self, case, start, end="", bills="true"):
        if not self.rows["facilities"]:
            self.rows["facilities"].append(dict(facility="F-1", name="Cedar House", type="iop"))
        self.rows["placements"].append(dict(placement=f"PL-{case}", therapist=case, facility="F-1", offer_signed_on="",
                                            start_on=start, end_on=end, status="active", insurance_billing=bills, payers=case))

    def license(self, case, expires):
        self.rows["licenses"].append(dict(license=f"L-{case}", therapist=case, state="TX", type="LCSW", issued_on=on(1, 1, 2020),
                                          expires_on=expires, status="active"))

    def write(self, folder):
        folder.mkdir()
        for name, rows in self.rows.items():
            support.write_csv(folder / f"{name}.csv", rows)


def build():
    o = Office()
    for name in ("MAIL", "OVERRIDE", "APPROVED", "INFO", "ANSWERED", "DENIED", "DRAFT", "REVALIDATE", "REFILED", "GAP", "CLOSED",
                 "ENDING", "NOBILL", "AHEAD", "AGREED", "ASKED", "HELD", "GROUP", "PACE"):
        o.case(name)
    o.case("PHONE", email=False)
    o.case("MUTE")
    for name in ("MAIL", "PHONE", "MUTE", "OVERRIDE", "AGREED", "HELD"):
        o.file(name)
    o.file("APPROVED", status="approved", status_on=on(2, 10), effective=on(3, 1))
    o.file("INFO", status="info_requested", status_on=on(2, 1))
    o.file("ASKED", status="info_requested", status_on=on(2, 1))
    o.file("ANSWERED", submitted=on(11, 2, 2026), status="in_review", status_on=on(12, 1, 2026))
    o.file("DENIED", status="denied", status_on=on(3, 1))
    o.file("DRAFT", submitted="", status="draft", status_on=on(1, 4))
    o.file("REVALIDATE", submitted=on(1, 5, 2022), status="approved", status_on=on(5, 2, 2022), effective=on(5, 2, 2022),
           revalidate=on(5, 31))
    o.file("REFILED", submitted=on(1, 5, 2022), status="approved", status_on=on(5, 2, 2022), effective=on(5, 2, 2022),
           revalidate=on(5, 31))
    o.file("REFILED", 2, submitted=on(3, 15), status="approved", status_on=on(4, 20), effective=on(5, 31))
    o.placement("GAP", on(3, 1))
    o.placement("CLOSED", on(3, 1))
    o.file("CLOSED", status="approved", status_on=on(4, 6), effective=on(4, 15))
    o.placement("ENDING", on(3, 1), end=on(4, 10))
    o.placement("NOBILL", on(3, 1), bills="false")
    o.placement("AHEAD", on(9, 1))
    for n in (1, 2):
        o.case(f"GROUP{n}")  # two more therapists of the payer GROUP
    o.file("GROUP", 1, therapist="GROUP1")
    o.file("GROUP", 2, submitted=on(12, 21, 2026), therapist="GROUP2")
    o.case("PAPERS", attested=on(12, 1, 2026), insured=on(3, 15))
    o.license("PAPERS", on(3, 31))
    o.file("PAPERS")
    o.case("LASTING", attested=on(1, 2), insured=on(12, 31))  # the attestation is due on the very last day, May 2
    o.license("LASTING", on(6, 30))
    o.file("LASTING")
    o.case("QUICK", insured=on(3, 15))  # a payer who decides within 30 days: nothing runs out meanwhile
    for n in range(2, 8):
        o.file("QUICK", n, submitted=on(1, 4, 2026), status="approved", status_on=on(1, 30, 2026) + n * DAY, therapist="PACE")
    o.file("QUICK", 1)
    return o


class Life:
    """What a rehearsal printed, by case."""

    def __init__(self, text):
        self.done = collections.defaultdict(list)    # subject -> [(day, step)]
        self.letters = collections.defaultdict(list)  # party -> [(day, subjects, to, subject line)]
        self.tasks = collections.defaultdict(list)   # subject -> [(day, step, effect, assignee or reason, title)]
        self.all = collections.defaultdict(set)
        for line in text.splitlines():
            row = json.loads(line)
            if row["worker"] != "payer_followup":
                continue
            day = dt.date.fromisoformat(row["at"][:10])
            if row["effect"] in ("fired", "done"):
                for subject in row["subjects"]:
                    self.done[subject].append((day, row["step"]))
                    self.all[day].add((subject, row["step"]))
            elif row["effect"] == "message":
                self.letters[row["party"]].append((day, row["subjects"], row["to"], row["subject_line"]))
            elif row["effect"] == "task":
                for subject in row["subjects"]:
                    self.tasks[subject].append((day, row["step"], row["assignee"], row["title"]))

    def of(self, case, *prefixes):
        return [(day, step) for day, step in self.done[case] if not prefixes or step.startswith(prefixes)]


CADENCE = [(on(1, 11), "receipt_check"), (on(1, 25), "follow_up"), (on(2, 8), "follow_up_2"), (on(2, 22), "follow_up_3"),
           (on(3, 8), "follow_up_4"), (on(3, 22), "follow_up_5"), (on(4, 5), "weekly"), (on(4, 12), "weekly_2"),
           (on(4, 19), "weekly_3")]
ESCALATION = [(on(5, 4), "lead"), (on(6, 3), "leadership"), (on(7, 6), "overdue"),  # the 3rd a Saturday, the 5th a day off
              (on(8, 2), "overdue_2"), (on(9, 1), "overdue_3"), (on(10, 1), "overdue_4")]
CHASING = ("receipt", "follow", "weekly", "agreed", "lead", "overdue")


def a_letter_by_age(life):
    assert life.of("application:MAIL-1")[:9] == CADENCE, life.of("application:MAIL-1")[:9]
    assert life.of("application:MAIL-1", "lead", "overdue") == ESCALATION
    letters = life.letters["payer:MAIL"]
    assert [day for day, *_ in letters][:9] == [day for day, _ in CADENCE]
    assert letters[0][2] == ["payer:cred@mail.example"] and "Maria Mail" in letters[0][3], letters[0]
    assert {step for _, step, _, _ in life.tasks["application:MAIL-1"]} == {"lead", "leadership", "overdue"}, "letters, no calls"


def a_task_where_no_letter_can_go(life):
    for case in ("PHONE", "MUTE"):
        assert not life.letters[f"payer:{case}"], case
        assert life.of(f"application:{case}-1")[:9] == CADENCE
        first = life.tasks[f"application:{case}-1"][0]
        assert first[:2] == (on(1, 11), "receipt_check") and f"Maria {case.title()}'s application" in first[3], first
        # Nobody does the task in a rehearsal, and one matter has one open task.
        assert sum(step in ("receipt_check", "follow_up", "weekly") for _, step, _, _ in life.tasks[f"application:{case}-1"]) == 1


def a_payer_of_its_own_habits(life):
    assert life.of("application:OVERRIDE-1", "receipt", "follow", "weekly")[:5] == [
        (on(1, 19), "receipt_check"), (on(2, 3), "follow_up"), (on(2, 23), "follow_up_2"), (on(3, 15), "follow_up_3"),
        (on(4, 5), "weekly")], life.of("application:OVERRIDE-1")[:5]  # day 90 is a Sunday: weekly from Monday


def approval_ends_the_chase(life):
    assert life.of("application:APPROVED-1") == CADENCE[:3] + [(on(2, 10), "effective"), (on(2, 10), "loading"),
                                                              (on(3, 12), "directory")], life.of("application:APPROVED-1")


def what_they_ask_for_comes_first(life):
    assert life.of("application:INFO-1", *CHASING, "info")[:6] == CADENCE[:2] + [
        (on(2, 1), "info"), (on(2, 11), "info_closing"), (on(2, 16), "info_passed"), (on(2, 23), "info_passed_2")]
    assert life.of("application:INFO-1", "lead", "overdue") == ESCALATION, "whatever the payer says"


def a_denial_is_the_leads(life):
    assert life.of("application:DENIED-1") == CADENCE[:4] + [(on(3, 1), "denied")]


def a_draft_is_nudged(life):
    assert life.of("application:DRAFT-1")[:3] == [(on(1, 14), "draft"), (on(1, 28), "draft_2"), (on(2, 11), "draft_3")]
    assert len(life.tasks["application:DRAFT-1"]) == 1


def a_revalidation_has_its_own_ladder(life):
    ladder = [(on(1, 4), "reval_posted"), (on(2, 1), "reval_prepare"), (on(3, 2), "reval_file"), (on(4, 1), "reval_late"),
              (on(5, 3), "reval_urgent"), (on(5, 17), "reval_last"), (on(6, 1), "reval_passed")]
    assert life.of("application:REVALIDATE-1") == ladder, life.of("application:REVALIDATE-1")
    assert life.of("application:REFILED-1") == ladder[:3], "filed again on March 15"


def a_gap_is_a_task(life):
    assert life.of("placement:PL-GAP")[:3] == [(on(1, 4), "gap_ahead"), (on(3, 1), "gap"), (on(3, 29), "gap_2")]
    assert life.of("placement:PL-CLOSED") == [(on(1, 4), "gap_ahead"), (on(3, 1), "gap"), (on(3, 29), "gap_2")]
    assert life.of("placement:PL-ENDING") == [(on(1, 4), "gap_ahead"), (on(3, 1), "gap"), (on(3, 29), "gap_2")]
    assert not life.of("placement:PL-NOBILL")
    assert life.of("placement:PL-AHEAD")[:2] == [(on(5, 4), "gap_ahead"), (on(9, 1), "gap")]


def an_agreed_day_silences_the_cadence(life):
    """Agreed on the first day: February 20, a Saturday. February 22 would have been a follow-up: it is covered."""
    assert life.of("application:AGREED-1")[:3] == [(on(2, 22), "agreed"), (on(3, 8), "follow_up_4"), (on(3, 22), "follow_up_5")]


def an_agreed_day_counts_while_they_wait_for_us(life):
    assert life.of("application:ASKED-1", "info", "agreed", "follow", "receipt")[:4] == [
        (on(2, 1), "info"), (on(2, 11), "agreed"), (on(2, 11), "info_closing"), (on(2, 16), "info_passed")], \
        life.of("application:ASKED-1")


def a_hold_is_kept(life):
    assert life.of("application:HELD-1")[0] == (on(3, 22), "follow_up_5"), life.of("application:HELD-1")[:2]


def one_letter_for_all_that_is_due(life):
    letters = life.letters["payer:GROUP"]
    assert letters[0][:2] == (on(1, 4), ["application:GROUP-2"]), letters[0]
    assert letters[1][:2] == (on(1, 11), ["application:GROUP-1", "application:GROUP-2"]), letters[1]
    assert letters[1][3].startswith("2 credentialing applications"), letters[1]
    days = [day for day, *_ in letters]
    assert len(days) == len(set(days))


def papers_that_run_out_meanwhile(life):
    assert life.of("license:L-PAPERS") == [(on(1, 4), "license"), (on(3, 1), "license_soon"), (on(4, 1), "license_out")]
    assert life.of("therapist:PAPERS") == [
        (on(1, 4), "insurance"), (on(1, 29), "insurance_letter"), (on(3, 1), "attestation"), (on(3, 1), "insurance_soon"),
        (on(3, 16), "insurance_out"), (on(3, 22), "attestation_soon"), (on(4, 1), "attestation_out")], life.of("therapist:PAPERS")
    assert "CAQH" in [line for *_, line in life.letters["therapist:PAPERS"]][-1]
    # The decision is expected on May 4; from April 5 on, within 30 days of each day.
    assert life.of("therapist:LASTING", "attestation")[0] == (on(4, 2), "attestation")
    assert life.of("license:L-LASTING")[:2] == [(on(5, 31), "license"), (on(6, 1), "license_soon")], life.of("license:L-LASTING")
    assert life.of("therapist:QUICK")[0] == (on(2, 15), "insurance_letter"), life.of("therapist:QUICK")


WITHDRAWN = [  # matter, party, cycle, the day asked, the reason or None: it stays
    ("followup application:APPROVED-1", "payer:APPROVED", FILED, on(2, 9), None),
    ("followup application:APPROVED-1", "payer:APPROVED", FILED, on(2, 10), "approved on February 10, 2027"),
    ("escalation application:DENIED-1 lead", "payer:DENIED", FILED, on(3, 1), "denied on March 1, 2027"),
    ("followup application:INFO-1", "payer:INFO", FILED, on(2, 1),
     "they asked us for something on February 1, 2027; that comes first"),
    ("escalation application:INFO-1 lead", "payer:INFO", FILED, on(5, 4), None),
    ("followup application:AGREED-1", "payer:AGREED", FILED, on(2, 1), None),
    ("followup application:AGREED-1", "payer:AGREED", on(2, 20), on(2, 22), None),
    ("followup application:AGREED-1", "payer:AGREED", on(2, 10), on(2, 22), "another day was agreed: February 20, 2027"),
    ("followup application:ASKED-1", "payer:ASKED", on(2, 11), on(2, 12), None),
    ("followup application:PHONE-1", "payer:PHONE", on(2, 11), on(2, 12), "they were asked meanwhile"),
    ("info application:ANSWERED-1", "payer:ANSWERED", on(11, 20, 2026), on(1, 4),
     "they no longer wait for us: it is in review since December 1, 2026"),
    ("info application:INFO-1", "payer:INFO", on(1, 20), on(2, 2), "they asked anew on February 1, 2027"),
    ("draft application:MAIL-1", "payer:MAIL", FILED, on(1, 20), "submitted on January 4, 2027"),
    ("draft application:DRAFT-1", "payer:DRAFT", FILED, on(1, 20), None),
    ("revalidation application:REFILED-1", "payer:REFILED", on(5, 31), on(3, 14), None),
    ("revalidation application:REFILED-1", "payer:REFILED", on(5, 31), on(3, 15),
     "application REFILED-2 was filed on March 15, 2027"),
    ("revalidation application:REVALIDATE-1", "payer:REVALIDATE", on(4, 30), on(3, 14),
     "it is to be revalidated by May 31, 2027"),
    ("loading application:APPROVED-1", "payer:APPROVED", on(2, 10), on(2, 12), None),
    ("gap placement:PL-CLOSED payer:CLOSED", "payer:CLOSED", on(3, 1), on(4, 14), None),
    ("gap placement:PL-CLOSED payer:CLOSED", "payer:CLOSED", on(3, 1), on(4, 15),
     "paneled since April 15, 2027 by application CLOSED-1"),
    ("gap placement:PL-ENDING payer:ENDING", "payer:ENDING", on(3, 1), on(4, 11), "the placement ended on April 10, 2027"),
    ("gap placement:PL-NOBILL payer:NOBILL", "payer:NOBILL", on(3, 1), on(4, 11), "the placement no longer bills insurance"),
    ("gap placement:PL-GAP payer:MAIL", "payer:MAIL", on(3, 1), on(4, 11), "the placement no longer bills Mail Health"),
    ("license license:L-PAPERS", "therapist:PAPERS", on(3, 31), on(2, 1), None),
    ("license license:L-PAPERS", "therapist:PAPERS", on(3, 31, 2026), on(2, 1), "renewed since; it now expires on March 31, 2027"),
    ("attestation therapist:PAPERS", "therapist:PAPERS", on(3, 31), on(2, 1), None),
    ("attestation therapist:PAPERS", "therapist:PAPERS", on(1, 5), on(2, 1), "attested since; the next is due on March 31, 2027"),
    ("insurance therapist:GAP", "therapist:GAP", on(3, 15), on(2, 1), "renewed since; it now expires on a day that nobody entered"),
    ("insurance therapist:QUICK", "therapist:QUICK", on(3, 15), on(2, 1), "the decisions are expected before it expires"),
]


def withdrawals(house):
    """What a plan takes back, with the reason that a VA reads: the room's own question, asked of one task at a time."""
    text = (support.SOURCE / "workers/payer_followup/sql/withdraw.sql").read_text()
    settings = json.dumps(panel_oracle.SAMPLE)
    agency, staff = house.sql("SELECT agency_id, min(staff_id) FROM staff GROUP BY 1")[0]
    house.sql("DEALLOCATE ALL")
    house.sql(f"PREPARE withdraw (int, date, jsonb) AS {text}")
    for matter, party, cycle, day, reason in WITHDRAWN:
        task, = house.sql("INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, assignee_id, priority,"
                          " due_on, created_at, cycle) VALUES (%s, 'payer_followup', 's', %s, %s, %s, 't', 'r', %s, 'normal', %s,"
                          " now(), %s) RETURNING task_id", agency, party, matter, [matter.split()[1]], staff, day, cycle)[0]
        found = house.sql("EXECUTE withdraw (%s, %s, %s)", agency, day, settings)
        assert found == ([(task, reason)] if reason else []), (matter, day, found)
        house.sql("UPDATE task SET state = 'done' WHERE task_id = %s", task)


CASES = [a_letter_by_age, a_task_where_no_letter_can_go, a_payer_of_its_own_habits, approval_ends_the_chase,
         what_they_ask_for_comes_first, a_denial_is_the_leads, a_draft_is_nudged, a_revalidation_has_its_own_ladder,
         a_gap_is_a_task, an_agreed_day_silences_the_cadence,
         an_agreed_day_counts_while_they_wait_for_us, a_hold_is_kept, one_letter_for_all_that_is_due,
         papers_that_run_out_meanwhile]


def differences(ours, theirs):
    lines = []
    for day in sorted(set(ours) | set(theirs)):
        lines += [f"{day}: only ticklerd has {key}" for key in sorted(ours.get(day, set()) - theirs.get(day, set()))]
        lines += [f"{day}: only the calculation has {key}" for key in sorted(theirs.get(day, set()) - ours.get(day, set()))]
    return lines[:30] + ([f"... {len(lines)} in all"] if len(lines) > 30 else [])


def main():
    with House() as house:
        folder = house.root / "data"
        build().write(folder)
        house.init()
        house.only("payer_followup")
        support.open_window(house)
        house.schedule("payer_followup", min_gap="0d", overrides=[
            {"when": {"payer": ["OVERRIDE"]},
             "steps": {"receipt_check": {"at": "+14d"}, "follow_up": {"at": "+30d", "every": "20d", "until": "+90d"}}}])
        house.start()
        house.tickler("import", "--dir", folder)
        house.sql("UPDATE panel_application SET next_on = '2027-02-20' WHERE ext_id = 'AGREED-1'")
        house.sql("UPDATE panel_application SET next_on = '2027-02-11' WHERE ext_id = 'ASKED-1'")
        house.sql("INSERT INTO suppression SELECT agency_id, 'cred@mute.example', 'bounced', now() FROM agency")
        house.tickler("hold", "application", "HELD-1", "--kind", "pause", "--until", "2027-03-19", "--reason", "they asked")
        withdrawals(house)
        text = house.tickler("rehearse", "--from", FROM, "--to", TO, "--json")
        life = Life(text)
        failed = 0
        for case in CASES:
            try:
                case(life)
            except AssertionError as wrong:
                failed += 1
                print(f"FAILED {case.__name__}: {wrong}")
        schedule = panel_oracle.Schedule(house.dir / "config/schedules/payer_followup.yaml")
        office = panel_oracle.Office(folder, {"AGREED-1": on(2, 20), "ASKED-1": on(2, 11)})
        theirs = {day: {(s, step) for s, step, _ in keys if s != "application:HELD-1"}
                  for day, keys in panel_oracle.lived(schedule, office, FROM, TO).items()}
        ours = {day: {key for key in keys if key[0] != "application:HELD-1"} for day, keys in life.all.items()}
        wrong = differences({d: k for d, k in ours.items() if k}, {d: k for d, k in theirs.items() if k})
        assert not failed and not wrong, "\n".join([f"{failed} cases failed", *wrong])
        print(f"{len(CASES)} cases; {len(WITHDRAWN)} tasks judged; {sum(map(len, ours.values()))} steps in {len(ours)} days equal the calculation")


if __name__ == "__main__":
    support.leave_root()
    sys.exit(main())
