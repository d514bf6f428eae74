"""The check-ins, rehearsed by the real processes over a winter and compared with a calculation of their own: cases
each made for one rule, and a crowd of placements and answers by chance. Then what rehearsal cannot show: a start that
moves, an answer that comes while a call is open, what the letters say."""
import collections
import datetime as dt
import json
import random
import re

import house as support
import ledger_oracle as calendar
from house import House

FROM, TO = dt.date(2027, 12, 20), dt.date(2028, 3, 31)  # New Year, February 29, the clock change of March 12
DAY = dt.timedelta(days=1)
START = dt.date(2028, 1, 5)  # +30: Friday, February 4; +60: Sunday, March 5, so Monday the 6th
SAFETY = ["unsafe", "not safe", "threat", "harass", "assault", "weapon", "hurt", "injur"]  # some of the shipped ones


class Office:
    def __init__(self):
        self.rows = collections.defaultdict(list)
        self.placements, self.responses, self.holds = {}, [], []
        self.rows["staff"].append(dict(staff="REC-1", name="Ana Ruiz", email="ana@agency.example", role="recruiter"))
        self.rows["staff"].append(dict(staff="REC-2", name="Bo Lund", email="bo@agency.example", role="recruiter"))

    def therapist(self, name, zone=""):
        self.rows["therapists"].append(dict(therapist=name, name=f"Maya {name}", email=f"{name.lower()}@mail.example",
                                            phone="555-0142", timezone=zone, recruiter="REC-2"))

    def facility(self, name, zone="", role="clinical_director", kind="iop"):
        self.rows["facilities"].append(dict(facility=name, name=f"House {name}", type=kind, timezone=zone))
        self.rows["contacts"].append(dict(contact=f"C-{name}", facility=name, name=f"Dr. Pat {name}", role=role,
                                          email=f"dir@{name.lower()}.example", phone="555-0100"))

    def placement(self, name, start=START, end="", status="active", therapist=None, facility=None):
        if therapist is None:
            self.therapist(therapist := f"T-{name}")
        if facility is None:
            self.facility(facility := f"F-{name}")
        self.placements[name] = dict(placement=name, therapist=therapist, facility=facility, start_on=start, end_on=end,
                                     status=status)

    def answer(self, name, by, on, score="", words=""):
        self.responses.append(dict(response=f"R-{len(self.responses):04}", about="placement", id=name, by=by,
                                   received_on=on, score=score, answers=words))

    def hold(self, about, name, first, until):
        self.holds.append(dict(hold=f"H-{len(self.holds)}", about=about, id=name, kind="pause", from_on=first,
                               until_on=until, reason="they asked for quiet"))

    def write(self, folder):
        folder.mkdir()
        tables = {**self.rows, "placements": list(self.placements.values()), "responses": self.responses,
                  "holds": self.holds}
        for name, rows in tables.items():
            if rows:
                support.write_csv(folder / f"{name}.csv", rows)


def build():
    o = Office()
    day30, day60 = START + 30 * DAY, START + 60 * DAY
    o.placement("silent")
    o.placement("offer", status="offer")
    o.placement("canceled", status="canceled")
    o.placement("ended", end=day30 - DAY, status="ended")
    o.placement("ends-in-7", end=day30 + 7 * DAY)
    o.placement("ends-in-8", end=day30 + 8 * DAY)  # the letter goes, the second try no longer
    o.placement("ends-later", end=day60 + 3 * DAY, status="ended")  # ended by now, running then
    o.placement("early-answer")
    o.answer("early-answer", "therapist", START + 13 * DAY, 9)  # belongs to no stage
    o.placement("answer-14")
    o.answer("answer-14", "therapist", START + 14 * DAY, 9)
    o.placement("answer-54")
    o.answer("answer-54", "facility", START + 54 * DAY, 9)
    o.placement("answer-55")
    o.answer("answer-55", "facility", START + 55 * DAY, 9)
    o.placement("one-answers")
    o.answer("one-answers", "therapist", day30 + DAY, 8, "Good team")
    o.placement("answer-on-the-day")
    o.answer("answer-on-the-day", "therapist", day30, 8)
    o.placement("low-6")
    o.answer("low-6", "therapist", day30 + 2 * DAY, 6)
    o.placement("low-7")
    o.answer("low-7", "therapist", day30 + 2 * DAY, 7, "We offer a substance abuse group and it is a safe place")
    o.placement("safety")  # on a Saturday
    o.answer("safety", "therapist", day30 + DAY, 9, "A visitor THREATENED me; I do not\nfeel well")
    o.placement("both-low")
    o.answer("both-low", "therapist", day30, 3)
    o.answer("both-low", "facility", day30, 2)
    o.placement("word-of-facility", end=day30 + 2 * DAY, status="ended")
    o.answer("word-of-facility", "facility", day30 + 4 * DAY, "", "She was hurt in the hallway")
    o.placement("differ-3")
    o.answer("differ-3", "therapist", day30 + DAY, 7)
    o.answer("differ-3", "facility", day30 + 6 * DAY, 10)
    o.placement("differ-2")
    o.answer("differ-2", "therapist", day30 + DAY, 7)
    o.answer("differ-2", "facility", day30 + 6 * DAY, 9)
    o.placement("differ-other-stages")
    o.answer("differ-other-stages", "therapist", day30 + DAY, 10)
    o.answer("differ-other-stages", "facility", day60 + DAY, 7)
    o.placement("differ-twice")
    for by, score in (("therapist", 10), ("facility", 7)):
        o.answer("differ-twice", by, day30 + DAY, score)
        o.answer("differ-twice", by, day60 + DAY, score)
    o.placement("old", start=FROM - 200 * DAY)
    o.placement("forgotten", start=FROM - 105 * DAY)  # day 60 was 45 days ago
    o.placement("late-import", start=FROM - 75 * DAY)  # day 60 was 15 days ago: the call alone
    o.placement("held-placement")
    o.hold("placement", "held-placement", day30 - DAY, day30 + 4 * DAY)
    o.placement("held-therapist")
    o.hold("therapist", "T-held-therapist", day30 - DAY, day30 + 4 * DAY)
    o.placement("held-facility")
    o.hold("facility", "F-held-facility", day30 - DAY, day30 + 40 * DAY)
    o.therapist("T-pacific", "America/Los_Angeles")
    o.facility("F-hr-only", "America/New_York", role="hr")
    o.placement("zones", therapist="T-pacific", facility="F-hr-only")
    o.placement("leap", start=dt.date(2028, 1, 30))  # +30 is February 29
    o.placement("clock", start=dt.date(2028, 2, 11))  # +30 is March 12, the Sunday of the clock change
    o.placement("holiday", start=dt.date(2027, 12, 18))  # +30 is January 17, Martin Luther King Day
    o.therapist("T-two")
    o.facility("F-two")
    o.placement("two-a", therapist="T-two", facility="F-two")
    o.placement("two-b", start=START - 30 * DAY, therapist="T-two", facility="F-two")  # day 60 when the other has day 30
    crowd(o, random.Random(7))
    return o


def crowd(o, dice):
    """Placements and answers by chance, at shared facilities and therapists."""
    for n in range(12):
        o.therapist(f"T-c{n}", dice.choice(["", "America/New_York", "America/Denver"]))
        o.facility(f"F-c{n}")
    for n in range(80):
        start = FROM + dice.randrange(-80, 90) * DAY
        end = start + dice.randrange(5, 120) * DAY if dice.random() < 0.4 else ""
        status = "ended" if end and dice.random() < 0.5 else dice.choice(["active"] * 9 + ["canceled", "offer"])
        o.placement(f"crowd-{n:02}", start, end, status, f"T-c{dice.randrange(12)}", f"F-c{dice.randrange(12)}")
        for _ in range(dice.choice([0, 0, 1, 1, 2, 3])):
            words = dice.choice(["", "All good", "Nobody gets hurt here", "The fit is fine", "I was harassed"])
            o.answer(f"crowd-{n:02}", dice.choice(["therapist", "facility"]), start + dice.randrange(1, 100) * DAY,
                     dice.choice(["", 2, 5, 6, 7, 8, 9, 10]), words)


# --- the calculation of their own

STEPS = (("", 0), ("_again", 3), ("_call", 6))


def stage_of(placement, answer):
    days = (answer["received_on"] - placement["start_on"]).days
    return 60 if days >= 55 else 30 if days >= 14 else None


def newest_answer(o, placement, by, stage, day):
    found = [a for a in o.responses if a["id"] == placement["placement"] and a["by"] == by and a["received_on"] <= day
             and stage_of(placement, a) == stage]
    return max(found, key=lambda a: (a["received_on"], a["response"])) if found else None


def is_asked(o, placement, by, stage, day):
    if placement["status"] in ("offer", "canceled") or (placement["end_on"] and placement["end_on"] <= day + 7 * DAY):
        return False
    if stage == 30 and day >= placement["start_on"] + 55 * DAY:
        return False
    names = {("placement", placement["placement"]), (by, placement[by])}
    held = any((h["about"], h["id"]) in names and h["from_on"] <= day <= h["until_on"] for h in o.holds)
    return not held and newest_answer(o, placement, by, stage, day) is None


def expected_steps(o):
    """{(placement, step): day}: each weekday the newest unfired step of each ladder, at most 30 days late."""
    fired = {}
    for name, placement in o.placements.items():
        for by in ("therapist", "facility"):
            for stage in (30, 60):
                first = calendar.roll(placement["start_on"] + stage * DAY)
                days = [calendar.add_business(first, more) for _, more in STEPS]
                highest, day = -1, FROM
                while day <= TO:
                    due = [n for n, on in enumerate(days) if on <= day and (day - on).days <= 30]
                    if calendar.is_open(day) and due and due[-1] > highest and is_asked(o, placement, by, stage, day):
                        highest = due[-1]
                        fired[name, f"{by}_{stage}{STEPS[highest][0]}"] = day
                    day += DAY
    return fired


def is_concern(answer):
    words = re.split(r"\W+", answer["answers"].lower())
    spoken = " " + " ".join(words)
    return (answer["score"] != "" and answer["score"] <= 6) or any(f" {word}" in spoken for word in SAFETY)


def expected_concerns(o):
    """{(placement, day): priorities}: on the very day, weekends too."""
    found = collections.defaultdict(list)
    for a in o.responses:
        day = max(a["received_on"], FROM)
        if is_concern(a) and day <= TO and (day - a["received_on"]).days <= 30:
            spoken = " " + " ".join(re.split(r"\W+", a["answers"].lower()))
            found[a["id"], day].append("urgent" if any(f" {w}" in spoken for w in SAFETY) else "high")
    return {key: sorted(values) for key, values in found.items()}


def expected_differs(o):
    found = {}
    for name, placement in o.placements.items():
        for stage in (30, 60):
            day = FROM
            while day <= TO and (name, f"differ_{stage}") not in found:
                one, other = (newest_answer(o, placement, by, stage, day) for by in ("therapist", "facility"))
                if one and other and "" not in (one["score"], other["score"]) and abs(one["score"] - other["score"]) >= 3 \
                        and (day - max(one["received_on"], other["received_on"])).days <= 30:
                    found[name, f"differ_{stage}"] = day
                day += DAY
    return found


# --- what the rehearsal did

def day_of(row):
    return dt.date.fromisoformat(row["at"][:10])


def same(what, expected, found):
    missing = {k: v for k, v in expected.items() if found.get(k) != v}
    extra = {k: v for k, v in found.items() if expected.get(k) != v}
    assert not missing and not extra, f"{what}\n  expected {missing}\n  found {extra}"


def compare(o, rows):
    named = [r for r in rows if r["worker"] == "check_in"]
    done = {(r["subjects"][0].split(":")[1], r["step"]): day_of(r) for r in named if r["effect"] == "done"}
    same("steps", expected_steps(o), {k: v for k, v in done.items() if k[1][:4] in ("ther", "faci")})
    same("differences", expected_differs(o), {k: v for k, v in done.items() if k[1].startswith("differ")})
    concerns = collections.defaultdict(list)
    for r in named:
        if r["effect"] == "task" and r["step"] == "concern":
            concerns[r["subjects"][0].split(":")[1], day_of(r)].append(r["priority"])
            assert r["assignee"] == "staff:REC-2" and r["party"].startswith("therapist:"), r
            assert r["due"] == str(calendar.roll(day_of(r))), r
    same("concerns", expected_concerns(o), {k: sorted(v) for k, v in concerns.items()})
    letters = collections.Counter((r["party"], day_of(r)) for r in named if r["effect"] == "message")
    assert set(letters.values()) == {1}, letters.most_common(3)
    calls = {(r["subjects"][0].split(":")[1], r["step"]) for r in named if r["effect"] == "task" and r["step"].endswith("_call")}
    assert calls == {k for k in expected_steps(o) if k[1].endswith("_call")}
    return named


def cases(o, named):
    """A few by hand, so that the calculation itself is held to something."""
    steps = collections.defaultdict(list)
    for r in named:
        if r["effect"] == "done":
            steps[r["subjects"][0].split(":")[1]].append((r["step"], r["at"][:10]))
    assert ("therapist_30", "2028-02-04") in steps["silent"] and ("therapist_60", "2028-03-06") in steps["silent"]
    assert ("therapist_30_again", "2028-02-09") in steps["silent"] and ("therapist_30_call", "2028-02-14") in steps["silent"]
    assert len(steps["silent"]) == 12, steps["silent"]
    assert steps["offer"] == steps["canceled"] == steps["ended"] == steps["ends-in-7"] == steps["old"] == []
    assert steps["forgotten"] == []
    assert [s for s, _ in steps["ends-in-8"]] == ["facility_30", "therapist_30"], steps["ends-in-8"]
    assert {s for s, _ in steps["late-import"]} == {"facility_60_call", "therapist_60_call"}, steps["late-import"]
    assert not any(s.startswith("facility_60") for s, _ in steps["answer-55"]), steps["answer-55"]
    assert any(s == "facility_60" for s, _ in steps["answer-54"]) and any(s == "facility_30" for s, _ in steps["answer-55"])
    assert ("therapist_30", "2028-02-29") in steps["leap"] and ("facility_30", "2028-03-13") in steps["clock"]
    assert ("therapist_30", "2028-01-18") in steps["holiday"]
    safety = [r for r in named if r["effect"] == "task" and r["subjects"] == ["placement:safety"] and r["step"] == "concern"]
    assert [(r["at"][:10], r["priority"], r["due"]) for r in safety] == [("2028-02-05", "urgent", "2028-02-07")], safety
    assert "THREAT" not in json.dumps(safety).upper()  # what was said stands in the script alone
    assert len([r for r in named if r["effect"] == "task" and r["subjects"] == ["placement:both-low"]
                and r["step"] == "concern"]) == 2
    shared = [r for r in named if r["effect"] == "message" and r["at"].startswith("2028-02-04")
              and r["party"] in ("therapist:T-two", "facility:F-two")]
    assert {r["subject_line"] for r in shared} == {"How is it going at your 2 placements?",
                                                   "How are our 2 therapists doing at House F-two?"}, shared
    assert all(r["subjects"] == ["placement:two-a", "placement:two-b"] for r in shared)
    zones = {r["party"]: (r["at"], r["to"]) for r in named if r["effect"] == "message" and "placement:zones" in r["subjects"]
             and r["at"].startswith("2028-02-04")}
    assert zones["therapist:T-pacific"][0].startswith("2028-02-04T10:00"), zones
    assert zones["facility:F-hr-only"] == ("2028-02-04T08:00:00-06:00", ["hr:dir@f-hr-only.example"]), zones


# --- the room's questions on a day, asked directly

def settings():
    return json.dumps(json.loads((support.SOURCE / "config/templates/check_in/sample.json").read_text())["settings"])


def ask(house, name, *values):
    """A question of the room with its parameters, as rows of dicts."""
    text = (support.SOURCE / f"workers/check_in/sql/{name}.sql").read_text().replace("%", "%%")
    text = re.sub(r"\$(\d+)", r"%(p\1)s", text)
    named = {f"p{n + 1}": value for n, value in enumerate(values)}
    return [row for row, in house.sql(f"SELECT to_jsonb(x) FROM ({text}) x", named)]


def move_a_start(house, o):
    """The first letters had gone and a call was open when the start moved by three weeks."""
    old, new = FROM - 38 * DAY, FROM - 17 * DAY
    o.placements["moved"]["start_on"] = new
    support.write_csv(house.root / "moved.csv", [o.placements["moved"]])
    house.tickler("import", "placements", house.root / "moved.csv")
    ident, = house.sql("SELECT placement_id FROM placement WHERE ext_id = 'moved'")[0]
    house.sql("INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, nominal, at,"
              " subject) VALUES (1, 'check_in', %s, %s, 'therapist_30', 1, 0, 1, 'done', %s, %s, 'placement:moved')",
              ident, old, f"{FROM - 8 * DAY} 15:00+00", f"{FROM - 8 * DAY} 15:00+00")
    return old, new


def start_moves(house, old, new, named):
    told = [r["reason"] for r in named if r["step"] == "moved"]
    assert told == [f"the start moved from {long(old)} to {long(new)}; its check-ins begin anew, withdrawn are "
                    f"therapist_30 of {long(FROM - 8 * DAY)}"], told
    why = house.tickler("why", "placement", "moved", "--on", new)
    assert f"the start moved from {long(old)}: the check-ins moved with it, withdrawn: therapist_30" in why, why
    assert f"next: therapist_30 on {calendar.roll(new + 30 * DAY)}" in why, why


def long(day):
    return f"{day:%B} {day.day}, {day.year}"


def calls_withdraw(house):
    """An open call ends by an answer of the one it is for, the end of the placement, a moved start, the next stage."""
    house.sql("BEGIN")
    staff = house.one("SELECT min(staff_id) FROM staff")
    tasks = {}
    day = START + 45 * DAY
    for placement, step, cycle in (("silent", "therapist_30_call", START), ("one-answers", "therapist_30_call", START),
                                   ("one-answers", "facility_30_call", START), ("silent", "facility_30_call", START - 7 * DAY),
                                   ("ends-in-8", "therapist_30_call", START), ("ends-later", "facility_30_call", START),
                                   ("canceled", "facility_30_call", START)):
        tasks[house.one(
            "INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, assignee_id, priority, due_on,"
            " created_at, cycle) VALUES (1, 'check_in', %s, 'x', %s, %s, 'Call', 'r', %s, 'normal', %s, %s, %s)"
            " RETURNING task_id", step, f"{step} placement:{placement}", [f"placement:{placement}"], staff, day, day,
            cycle)] = (placement, step)
    found = {tasks[r["task_id"]]: r["reason"] for r in ask(house, "withdraw", 1, day, settings())}
    assert found == {("one-answers", "therapist_30_call"): f"answered on {long(START + 31 * DAY)}",
                     ("silent", "facility_30_call"): f"the start moved from {long(START - 7 * DAY)} to {long(START)}",
                     ("ends-in-8", "therapist_30_call"): f"the placement ended on {long(START + 38 * DAY)}",
                     ("canceled", "facility_30_call"): "the placement is canceled"}, found
    earlier = {tasks[r["task_id"]] for r in ask(house, "withdraw", 1, START + 30 * DAY, settings())}
    assert earlier == {("silent", "facility_30_call"), ("canceled", "facility_30_call")}, earlier  # not answered yet
    later = {tasks[r["task_id"]]: r["reason"] for r in ask(house, "withdraw", 1, START + 55 * DAY, settings())}
    assert later["silent", "therapist_30_call"] == "the check-in of day 60 takes its place", later
    house.sql("ROLLBACK")


def day_60_shows_day_30(house):
    """To its own giver alone; and a second try knows the first."""
    house.sql("BEGIN")
    day = START + 66 * DAY
    jobs = []
    for by in ("therapist", "facility"):
        jobs += [house.one(
            f"INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject, party)"
            f" SELECT 1, 'check_in', placement_id, start_on, %s, 2001, {by}_id, %s, %s, 'placement:one-answers', %s"
            f" FROM placement WHERE ext_id = 'one-answers' RETURNING job_id",
            f"{by}_60_again", day, day, f"{by}:{by[0].upper()}-one-answers")]
    message = house.one(
        "INSERT INTO message (agency_id, worker, step, party, recipient, address, template, subject_line, internet_id, letter,"
        " state, claimed_by, claimed_at) VALUES (1, 'check_in', 'therapist_60', 'therapist:T-one-answers', 'therapist:t@x', 't@x',"
        " 'therapist', 's', 'i@x', '', 'sent', 'w', %s) RETURNING message_id", f"{START + 61 * DAY} 15:00+00")
    house.sql("INSERT INTO message_step SELECT 1, 'check_in', subject_id, cycle, 'therapist_60', 'therapist:t@x', subject, %s"
              " FROM job WHERE job_id = %s", message, jobs[0])
    rows = {r["party"]: r for r in ask(house, "fetch", jobs, day, 0, settings())}
    own, other = rows["therapist:T-one-answers"], rows["facility:F-one-answers"]
    assert own["gone"] is None and own["item"]["second"] and own["item"]["again"], own
    assert (own["item"]["earlier_score"], own["item"]["earlier_words"]) == (8, "Good team"), own
    assert own["item"]["asked_on"] == "March 6" and "t@x" in own["common"]["history"], own
    assert not other["item"]["has_earlier"] and not other["item"]["again"], other
    assert "Good team" not in json.dumps(other), other  # the facility never reads what the therapist said
    before = ask(house, "fetch", jobs, START + 20 * DAY, 0, settings())
    assert not any(r["item"]["has_earlier"] for r in before)  # nothing was said yet
    house.sql("ROLLBACK")


def safety_words(house):
    words = json.loads(settings())["safety_words"]
    for text, found in (("I don’t feel safe in the parking lot", "don't feel safe"), ("He THREATENED me", "threat"),
                        ("She punched\nme", "punched me"), ("Bullying by a nurse", "bully"),
                        ("our substance abuse group", None), ("a domestic violence class", None),
                        ("I was trained in restraint", None), ("I feel safe and the team is great", None),
                        ("I punched in at nine", None), ("our policies", None), (None, None)):
        got = house.one("SELECT check_in_safety_word(%s, check_in_words(%s))", text, words)
        assert re.sub(r"\s+", " ", got or "") == (found or ""), (text, got)
    assert house.one("SELECT check_in_safety_word('a.b|c', check_in_words('a.b|c, (x'))") == "a.b|c"
    assert house.one("SELECT check_in_safety_word('anything', check_in_words(' , '))") is None
    shipped = support.yaml.safe_load((support.SOURCE / "config/schedules/check_in.yaml").read_text())["settings"]
    assert shipped == json.loads(settings()), "the schedule and the sample name different defaults"


def main():
    support.leave_root()
    with House() as house:
        house.init()
        o = build()
        o.placement("moved", start=FROM - 38 * DAY)
        o.write(house.root / "data")
        house.only("check_in")
        house.start()
        house.tickler("import", "--dir", house.root / "data")
        old, new = move_a_start(house, o)
        safety_words(house)
        calls_withdraw(house)
        day_60_shows_day_30(house)
        rows = [json.loads(line) for line in
                house.tickler("rehearse", "--from", FROM, "--to", TO, "--json").splitlines()]
        named = compare(o, rows)
        cases(o, named)
        start_moves(house, old, new, named)
    print("ok: check-ins")


if __name__ == "__main__":
    main()
