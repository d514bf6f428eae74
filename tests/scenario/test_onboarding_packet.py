"""The onboarding packet over ten weeks, with the real processes under a virtual clock: a case for each kind of facility and
each rule, checked day by day against a calculation of its own; then starts that move, are canceled and taken back.

Cases of Frappe HR by id (domain.md, part C): FH-01 a person with a required item open may not start, FH-02 the status by the
share of items, FH-04 all closed closes every task, FH-05 a second packet is never made.
"""
import collections
import datetime as dt
import re
import sys

import house as support
import yaml
from house import House
from ledger_oracle import add_business, roll
from story import Story

ONE = dt.timedelta(days=1)
FIRST, TURN, LAST = dt.date(2028, 1, 3), dt.date(2028, 1, 20), dt.date(2028, 3, 15)
MARGIN = 2
KINDS = ["cmhc", "inpatient_psychiatric", "php", "iop", "school", "correctional", "telehealth"]
RULES = yaml.safe_load((support.SOURCE / "config/rules/packets.yaml").read_text())["items"]


def items_of(kind):
    return [rule for rule in RULES if rule["for"] == "all" or kind in rule["for"]]


def day(month, number, year=2028):
    return dt.date(year, month, number)


class Case:
    def __init__(self, name, kind="php", offer=FIRST, start=None, closed=None, sent=(), status="offer", paused=None, email=True):
        self.name, self.kind, self.offer, self.start, self.status = name, kind, offer, start, status
        self.closed = closed or {}  # item -> the day on which it came in
        self.sent = dict(sent)      # item -> the day on which it was sent by hand
        self.paused, self.email = paused, email

    def items(self):
        return items_of(self.kind)

    def is_open(self, rule, on):
        return self.closed.get(rule["item"], dt.date.max) > on

    def open(self, on, provider=None):
        return [r for r in self.items() if self.is_open(r, on) and provider in (None, r["provider"])]


def everything(kind, on, provider=None):
    return {rule["item"]: on for rule in items_of(kind) if provider in (None, rule["provider"])}


def build():
    # A Saturday, a holiday, a leap day and the change of clocks are among the starts; offers fall on all days of the week.
    starts = [day(2, 7), day(2, 22), day(2, 29), day(3, 1), day(3, 13), day(2, 12), day(2, 14)]
    cases = [Case(kind, kind, FIRST + i * ONE, start) for i, (kind, start) in enumerate(zip(KINDS, starts))]
    midway = {**everything("iop", day(1, 18), "therapist"), **everything("iop", day(1, 20), "facility"),
              **everything("iop", day(1, 25), "agency")}
    cases += [
        Case("nostart"),
        Case("midway", "iop", start=day(2, 7), closed=midway),
        Case("allin", "school", start=day(2, 7), closed=everything("school", day(1, 2))),
        Case("byhand", start=day(2, 7), sent={"placement_agreement": day(12, 30, 2027), "orientation": day(12, 30, 2027),
                                               "license_verification": day(12, 30, 2027)}),
        Case("late", offer=day(1, 6), start=day(1, 7)),
        Case("paused", start=day(2, 7), paused=(day(1, 5), day(1, 14))),
        Case("future", offer=day(1, 25), start=day(3, 1)),
        Case("canceled", start=day(2, 7), status="canceled"),
        Case("started", offer=day(12, 1, 2027), start=day(1, 1), status="active"),
        Case("forgotten", offer=day(11, 15, 2027), start=day(2, 28)),
    ]
    return cases


# --- what must happen, day by day

class Expected:
    """Letters {(day, step, side)} and tasks {(day, step, item or "")} of one case."""

    def __init__(self, case):
        self.case, self.letters, self.tasks = case, set(), set()
        self.sent, self.last, self.done = {}, {}, collections.defaultdict(lambda: -1)
        self.open_items, self.agency_open, self.risk_open = set(), False, False
        if case.status in ("canceled", "ended"):
            return
        on = FIRST
        while on <= LAST:
            paused = case.paused and case.paused[0] <= on <= case.paused[1]
            if on.weekday() < 5 and on >= case.offer:
                self.withdraw(on)
                if not paused:
                    self.plan(on)
            on += ONE

    def newest(self, track, days, on):
        """The newest of these days that has come and is not done; its number, or None."""
        reached = [n for n, when in days if when <= on]
        return reached[-1] if reached and reached[-1] > self.done[track] else None

    def counts_down(self, on):
        return self.case.start and on < self.case.start and self.done["items"] >= 0

    def risk(self, on):
        lead = max([int(r.get("lead", "0d")[:-1]) for r in self.case.open(on) if r.get("required", True)], default=-99)
        return self.case.start and lead + MARGIN >= (self.case.start - on).days

    def withdraw(self, on):
        if self.case.start and on >= self.case.start:
            self.open_items, self.agency_open, self.risk_open = set(), False, False
        self.open_items &= {r["item"] for r in self.case.open(on)}
        self.agency_open = self.agency_open and bool(self.case.open(on, "agency")) and not self.counts_down(on)
        self.risk_open = self.risk_open and self.risk(on)

    def is_recorded(self, rule, on):
        return not self.case.is_open(rule, on) or self.case.sent.get(rule["item"], dt.date.max) <= on

    def plan(self, on):
        case, start = self.case, self.case.start
        begun = bool(self.sent) or bool(case.closed) or bool(case.sent)
        chases = [(k, add_business(case.offer, 2 * k)) for k in range(0, 31)]
        counted = self.counts_down(on)
        if start and on >= start:
            required = [r for r in case.open(on) if r.get("required", True)]
            if begun and required and roll(start) <= on < start + 7 * ONE and self.done["start_day"] < 0:
                self.done["start_day"] = 0
                self.tasks.add((on, "start_day", ""))
            return
        wanted = {}
        for side in ("therapist", "facility"):
            documents = [r for r in case.items() if r.get("reader") == side]
            fresh = (on - roll(case.offer)).days <= 30
            if side not in self.sent and roll(case.offer) <= on and fresh and not all(self.is_recorded(r, on) for r in documents):
                wanted[side, "packet"] = 0
            k = self.newest("open_" + side, chases[1:], on)
            allowed = side in self.sent or all(self.is_recorded(r, on) for r in documents)
            if k is not None and allowed and roll(on) == on and case.open(on, side) and self.last.get(side, dt.date.min) < on - ONE:
                wanted[side, "open"] = k
            if start and self.done["final_" + side] < 0 and add_business(start, -1) <= on:
                wanted[side, "final"] = 0
        for (side, what), number in wanted.items():
            self.done[f"{what}_{side}"] = number
            if what == "open" and (side, "final") in wanted:
                continue  # the last note names what is open
            self.letters.add((on, f"{what}_{side}" + (f"_{number}" if number > 1 else ""), side))
            self.last[side] = on
            if what == "packet":
                self.sent[side] = on
        self.plan_tasks(on, begun, chases, counted)

    def plan_tasks(self, on, begun, chases, counted):
        case, start = self.case, self.case.start
        k = self.newest("agency", chases, on)
        if k is not None and case.open(on, "agency") and not counted and not self.agency_open:
            self.done["agency"], self.agency_open = k, True
            self.tasks.add((on, "agency_items" + (f"_{k + 1}" if k else ""), ""))
        if not start:
            return
        n = self.newest("items", [(i, add_business(start, -far)) for i, far in enumerate((10, 5, 2))], on)
        if n is not None and begun and case.open(on):
            self.done["items"] = n
            for item in {r["item"] for r in case.open(on)} - self.open_items:
                self.tasks.add((on, f"items_{(10, 5, 2)[n]}", item))
                self.open_items.add(item)
        j = self.newest("risk", [(j, roll(start - 90 * ONE + 7 * j * ONE)) for j in range(13)], on)
        if j is not None and self.risk(on) and not self.risk_open:
            self.done["risk"], self.risk_open = j, True
            self.tasks.add((on, "at_risk" + (f"_{j + 1}" if j else ""), ""))


# --- the office

def import_office(house, cases):
    folder = house.root / "data"
    folder.mkdir()
    rows = collections.defaultdict(list)
    twins = [Case("twin-a", start=day(2, 7)), Case("twin-b", offer=day(1, 4), start=day(2, 8))]
    tales = [Case(name, start=day(2, 1)) for name in ("moved", "dropped", "there-and-back", "re-signed", "waived", "early")]
    for case in cases + twins + tales + [Case("nobody", start=day(2, 7), email=False)]:
        site = "twins" if case.name.startswith("twin") else case.name
        rows["therapists"].append(dict(therapist=f"T-{case.name}", name=f"Dana {case.name}",
                                       email=f"{case.name}@t.example" if case.email else "", phone="555-0101"))
        if case.name != "twin-b":
            rows["facilities"].append(dict(facility=f"F-{site}", name=f"Clinic {site}", type=case.kind))
            rows["contacts"].append(dict(contact=f"C-{site}", facility=f"F-{site}", name="Holly Reed",
                                         email=f"hr@{site}.example", role="hr"))
        rows["placements"].append(dict(placement=case.name, therapist=f"T-{case.name}", facility=f"F-{site}",
                                       offer_signed_on=case.offer, start_on=case.start or "", status=case.status))
        for status, items in (("received", case.closed), ("sent", case.sent)):
            rows["packet_items"] += [dict(placement=case.name, item=item, status=status, status_on=on)
                                     for item, on in items.items()]
        if case.paused:
            rows["holds"].append(dict(hold="H-1", about="placement", id=case.name, kind="pause", from_on=case.paused[0],
                                      until_on=case.paused[1], reason="on leave"))
    rows["packet_items"] += [dict(placement="moved", item=f"start_confirmed_{side}", status="confirmed", status_on=day(1, 10))
                             for side in ("therapist", "facility")]
    for name, of in rows.items():
        support.write_csv(folder / f"{name}.csv", of)
    house.tickler("import", "--dir", folder)
    for ident in ("placement_agreement", "orientation", "credentialing"):
        path = house.root / f"{ident}.txt"
        path.write_text(f"{ident} of the agency\n")
        house.tickler("document", "add", path, "--id", ident)


class Record:
    def __init__(self, story):
        self.letters = collections.defaultdict(set)
        self.tasks = collections.defaultdict(set)
        self.subject_lines = collections.defaultdict(dict)
        for on, step, subject, party, line in story.sql(
                "SELECT (m.claimed_at AT TIME ZONE 'America/Chicago')::date, s.step, s.subject, m.party, m.subject_line"
                "  FROM message m JOIN message_step s USING (agency_id, message_id) WHERE m.worker = 'onboarding_packet'"):
            name, side = subject.split(":")[1], party.split(":")[0]
            self.letters[name].add((on, step, side))
            self.subject_lines[name][step] = line
        for on, step, subject, matter in story.sql(
                "SELECT (created_at AT TIME ZONE 'America/Chicago')::date, step, subjects[1], matter FROM task"
                " WHERE worker = 'onboarding_packet'"):
            item = matter.split()[2] if matter.startswith("item ") else ""
            self.tasks[subject.split(":")[1]].add((on, step, item))


def check_cases(cases, record):
    for case in cases:
        expected = Expected(case)
        for what, found, wanted in (("letters", record.letters[case.name], expected.letters),
                                    ("tasks", record.tasks[case.name], expected.tasks)):
            assert found == wanted, (f"{case.name}, {what}:\n  too many {sorted(found - wanted)}\n"
                                     f"  missing {sorted(wanted - found)}")
    counted = {case.name: len(record.letters[case.name]) for case in cases}
    assert counted["canceled"] == counted["started"] == 0 and counted["school"] > 20, counted
    assert counted["allin"] == 2, "only the last notes"


def closings(story, placement):
    """{(step, item): {the reasons}} of its withdrawn tasks."""
    found = collections.defaultdict(set)
    for step, matter, note in story.sql("SELECT step, matter, note FROM task WHERE subjects[1] = %s AND state = 'withdrawn'",
                                        f"placement:{placement}"):
        found[step, matter.split()[2] if matter.startswith("item ") else ""].add(note)
    return found


def set_start(story, placement, start):
    story.sql("UPDATE placement SET start_on = %s WHERE ext_id = %s", start, placement)


def turn(story):
    """What people and imports change on January 20, after the day's plan."""
    set_start(story, "moved", day(2, 29))
    set_start(story, "early", day(1, 24))
    set_start(story, "there-and-back", day(3, 1))
    set_start(story, "there-and-back", day(2, 1))
    story.sql("UPDATE placement SET status = 'canceled' WHERE ext_id = 'dropped'")
    story.sql("UPDATE placement SET offer_signed_on = %s WHERE ext_id = 're-signed'", day(1, 18))
    story.sql("INSERT INTO packet_item (agency_id, placement_id, item, status, status_on)"
              " SELECT p.agency_id, p.placement_id, r.item, 'waived', %s FROM placement p JOIN packet_rule r"
              "    ON r.agency_id = p.agency_id AND r.facility_type = 'php' WHERE p.ext_id = 'waived'", day(1, 21))


def check_moved(story, record):
    """A moved start: the count-down begins anew, both sides are told once, confirmations are asked again, history is kept."""
    first = {s for s in record.letters["moved"] if s[0] <= TURN}
    later = {s for s in record.letters["moved"] if s[0] > TURN}
    assert {s[1] for s in later if s[0] == day(1, 21)} == {"moved_therapist", "moved_facility"}, sorted(later)
    assert sum(s[1].startswith("packet") for s in first | later) == 2 and sum("moved" in s[1] for s in later) == 2
    assert record.subject_lines["moved"]["moved_therapist"].endswith("has moved to Tuesday, February 29, 2028")
    text, = [bytes(row[0]).decode() for row in story.sql(
        "SELECT m.letter FROM message m JOIN message_step s USING (agency_id, message_id)"
        " WHERE s.step = 'moved_facility' AND s.subject = 'placement:moved'")]
    assert "moved from February 1, 2028 to" in text and "confirm the new date" in text
    assert {s for s in later if "final" in s[1]} == {(day(2, 28), "final_therapist", "therapist"),
                                                     (day(2, 28), "final_facility", "facility")}
    # Ten business days before the old start tasks were made, all but of what was confirmed; each says why it was withdrawn.
    of_old = [s for s in record.tasks["moved"] if s[0] == day(1, 18) and s[1] == "items_10"]
    assert len(of_old) == len(items_of("php")) - 2
    assert all("the start moved from 2028-02-01 to 2028-02-29" in closings(story, "moved")["items_10", s[2]] for s in of_old)
    of_new = {s for s in record.tasks["moved"] if s[0] == day(2, 14) and s[1] == "items_10"}
    assert {s[2] for s in of_new} >= {"start_confirmed_therapist", "start_confirmed_facility", "photo_id"}
    assert len(of_new) == len(items_of("php"))
    why = story.tickler("why", "placement", "moved", "--on", "2028-02-01")
    assert "was to start on 2028-02-01" in why and "the longest open item takes 10 days, 28 are left" in why, why
    assert "the start moved from 2028-02-01 to 2028-02-29" in story.tickler("why", "placement", "moved")


def check_tales(story, record):
    check_moved(story, record)
    # Earlier instead of later: told, and at once in the midst of the count-down.
    assert {s[1] for s in record.letters["early"] if s[0] == day(1, 21)} >= {"moved_therapist", "final_facility"}
    assert {(day(1, 21), "items_2", "photo_id"), (day(1, 24), "start_day", "")} <= record.tasks["early"]
    # There and back between two plans: nobody hears of it.
    assert not [s for s in record.letters["there-and-back"] if "moved" in s[1]]
    assert (day(1, 31), "final_therapist", "therapist") in record.letters["there-and-back"]
    # Canceled: no letter and no task after it, and what was open says why it went.
    assert max(s[0] for s in record.letters["dropped"]) <= TURN and max(s[0] for s in record.tasks["dropped"]) <= TURN
    assert story.sql("SELECT count(*) FROM task WHERE subjects[1] = 'placement:dropped' AND state = 'open'") == [(0,)]
    assert "the placement was canceled" in closings(story, "dropped")["items_10", "cv"]


def check_frappe(story, record):
    # FH-01: with a required item open the start day is an urgent task, and the last note says not to begin.
    assert (day(2, 7), "start_day", "") in record.tasks["cmhc"] and not [t for t in record.tasks["allin"] if t[1] == "start_day"]
    last = dict(story.sql("SELECT s.subject, convert_from(m.letter, 'UTF8') FROM message m"
                          "  JOIN message_step s USING (agency_id, message_id) WHERE s.step = 'final_therapist'"))
    assert "do not begin" in re.sub(r"=\r?\n", "", last["placement:byhand"]), last["placement:byhand"]
    assert "Your papers are complete" in last["placement:allin"]
    # FH-02: the status by the share of items, as of each day.
    of_therapist, n = len([r for r in items_of("iop") if r["provider"] == "therapist"]), len(items_of("iop"))
    for on, words in ((day(1, 17), f"Pending, 0 of {n} items in"), (day(1, 18), f"In Process, {of_therapist} of {n} items in"),
                      (day(1, 25), f"Completed, {n} of {n} items in")):
        why = story.tickler("why", "placement", "midway", "--on", on)
        assert words in why, (words, why)
    # FH-04: all waived closes every task, each with its reason.
    assert story.sql("SELECT count(*) FROM task WHERE subjects[1] = 'placement:waived' AND state = 'open'") == [(0,)]
    assert closings(story, "waived")["items_10", "photo_id"] == {"waived on 2028-01-21"}
    assert [s for s in record.letters["waived"] if s[0] > day(1, 21)] == [
        s for s in record.letters["waived"] if "final" in s[1]]
    # FH-05: a second packet for the same placement is never made, not even when the offer's date changes.
    assert {s for s in record.letters["re-signed"] if "packet" in s[1]} == {
        (FIRST, "packet_therapist", "therapist"), (FIRST, "packet_facility", "facility")}


def check_people(story, record):
    # Two starts at one facility: their chases fall together, and nobody writes to it on two days running.
    days = sorted({s[0] for s in record.letters["twin-a"] | record.letters["twin-b"] if s[1].startswith("open_facility")})
    assert all(b - a > ONE for a, b in zip(days, days[1:])), days
    counts = story.sql("SELECT count(*) FROM message WHERE party = 'facility:F-twins' GROUP BY claimed_at::date")
    assert set(counts) == {(1,)}, counts
    # Nobody to write to: one task to find an address, and our own items go on.
    found = story.sql("SELECT matter FROM task WHERE party = 'therapist:T-nobody' AND matter LIKE 'contact%%'")
    assert found == [("contact therapist:T-nobody therapist",)], found
    assert (FIRST, "agency_items", "") in record.tasks["nobody"]


def check_pressing(story):
    """An item that is still open as the start comes near is pressed: the same task, higher and earlier."""
    lifted = story.sql("SELECT DISTINCT about FROM event WHERE kind = 'task.lifted'")
    assert lifted, "no open item was pressed at five days or two"
    pressed = story.sql("SELECT step, priority FROM task WHERE 'task:' || task_id IN "
                        "(SELECT about FROM event WHERE kind = 'task.lifted')")
    assert {step for step, _ in pressed} >= {"items_10"} and {p for _, p in pressed} <= {"high", "urgent"}, pressed
    assert "urgent" in {p for _, p in pressed}, pressed


def main():
    support.leave_root()
    cases = build()
    with House() as house:
        house.init()
        house.only("onboarding_packet")
        house.start()
        house.wait(lambda: house.one("SELECT count(*) FROM packet_rule") > 0, "the rules to be in force")
        import_office(house, cases)
        with Story(house, FIRST) as story:
            story.live_until(TURN)
            turn(story)
            story.live_until(LAST)
            record = Record(story)
            check_cases(cases, record)
            check_tales(story, record)
            check_frappe(story, record)
            check_people(story, record)
            check_pressing(story)
    print("onboarding packet: ok")


if __name__ == "__main__":
    sys.exit(main())
