"""An independent calculation of what payer_followup does, for each day and at which step.

Shares nothing with the product but its inputs: the CSV files that `tickler import` reads and the schedule's YAML. It
walks day by day in the most literal way, so that it can be checked by reading.
"""
import csv
import datetime as dt
import math
import pathlib
import re
import statistics

import yaml

from ledger_oracle import ONE, roll

PENDING = ("submitted", "in_review", "info_requested")
SAMPLE = dict(usual_days=120, history_min=5, soon_days=30, quiet_days=5, info_window_days=14, caqh_days=120, opens_days=210)


def days_of(text):
    return int(re.fullmatch(r"([+-]?\d+)d", text).group(1))


class Schedule:
    def __init__(self, path):
        self.raw = yaml.safe_load(pathlib.Path(path).read_text())
        self.settings = SAMPLE | (self.raw.get("settings") or {})
        self.forget = days_of(self.raw["forget_after"]) if "forget_after" in self.raw else None
        self.known = {}

    def ladder(self, payer):
        """{track: [(id, offset)]} for a payer, repetitions written out, overrides applied."""
        if payer not in self.known:
            changes = {}
            for override in self.raw.get("overrides") or []:
                if payer in override["when"]["payer"]:
                    changes.update(override["steps"])
            tracks = {}
            for step in self.raw["steps"]:
                change = changes.get(step["id"], {})
                if change in ("off", False):
                    continue
                step = step | change
                at, names = days_of(step["at"]), [step["id"]]
                rungs = tracks.setdefault(step["track"], [])
                rungs.append((step["id"], at))
                while "every" in step and at + days_of(step["every"]) <= days_of(step["until"]):
                    at += days_of(step["every"])
                    names.append(f"{step['id']}_{len(names) + 1}")
                    rungs.append((names[-1], at))
            self.known[payer] = tracks
        return self.known[payer]


class Office:
    def __init__(self, folder, agreed=None):
        folder = pathlib.Path(folder)

        def rows(name):
            path = folder / f"{name}.csv"
            if not path.exists():
                return []
            with open(path, newline="", encoding="utf-8") as file:
                return [{k: dt.date.fromisoformat(v) if v and k.endswith("_on") else v or None for k, v in r.items()}
                        for r in csv.DictReader(file)]

        self.applications, self.placements = rows("panel_applications"), rows("placements")
        self.therapists, self.licenses = rows("therapists"), rows("licenses")
        self.by_therapist, self.known = {}, {}
        for a in self.applications:
            self.by_therapist.setdefault(a["therapist"], []).append(a)
        self.holds = {}
        for h in rows("holds"):
            self.holds.setdefault((h["about"], h["id"]), []).append((h["from_on"], h["until_on"] or dt.date.max))
        self.agreed = agreed or {}  # application -> the day agreed for the next call

    @staticmethod
    def status(a, day):
        if a["status"] == "draft":
            return "draft"
        if a["submitted_on"] is None or a["submitted_on"] > day:
            return "draft"
        return "submitted" if a.get("status_on") and a["status_on"] > day else a["status"]

    def of(self, therapist, payer):
        return [a for a in self.by_therapist.get(therapist, []) if a["payer"] == payer]

    def usual(self, payer, day, settings):
        if (payer, day) not in self.known:
            self.known[payer, day] = self.usual_anew(payer, day, settings)
        return self.known[payer, day]

    def usual_anew(self, payer, day, settings):
        decided = sorted(((a["status_on"], (a["status_on"] - a["submitted_on"]).days) for a in self.applications
                          if a["payer"] == payer and a["status"] in ("approved", "denied") and a["status_on"] <= day),
                         reverse=True)[:200]
        if len(decided) < settings["history_min"]:
            return settings["usual_days"]
        return math.ceil(statistics.median(days for _, days in decided))

    def needed_until(self, therapist, day, settings):
        """The last decision to be expected on what this therapist has pending, or None."""
        ends = [max(a["submitted_on"] + ONE * self.usual(a["payer"], day, settings), day + ONE * settings["soon_days"])
                for a in self.by_therapist.get(therapist, []) if self.status(a, day) in PENDING]
        return max(ends, default=None)

    def held(self, subject, day):
        return any(first <= day <= last for first, last in self.holds.get(tuple(subject.split()[0].split(":", 1)), []))

    def stands(self, day, settings):
        """(track, subject, anchor, payer) of everything that stands on a ladder that day."""
        return [stand for stand in self.every(day, settings) if not self.held(stand[1], day)]

    def every(self, day, settings):
        for a in self.applications:
            now, subject, decided = self.status(a, day), f"application:{a['application']}", a.get("status_on")
            if now in PENDING:
                agreed = self.agreed.get(a["application"])
                yield "escalation", subject, a["submitted_on"], a["payer"]
                if now == "info_requested":
                    yield "info", subject, decided, a["payer"]
                    yield "info_window", subject, decided + ONE * settings["info_window_days"], a["payer"]
                elif not agreed or agreed < day:
                    yield "followup", subject, a["submitted_on"], a["payer"]
                if agreed and agreed <= day:
                    yield "agreed", subject, agreed, a["payer"]
            if a["status"] == "draft" and decided:
                yield "draft", subject, decided, a["payer"]
            later = [b for b in self.of(a["therapist"], a["payer"]) if decided and b["submitted_on"]
                     and decided < b["submitted_on"] <= day and self.status(b, day) != "withdrawn"]
            if now == "denied" and not later:
                yield "denied", subject, decided, a["payer"]
            if now == "approved":
                for track in ("effective", "loading", "directory"):
                    yield track, subject, decided, a["payer"]
                if a.get("revalidate_on") and not later:
                    yield "revalidation", subject, a["revalidate_on"], a["payer"]
        yield from self.gaps(day)
        yield from self.papers(day, settings)

    def gaps(self, day):
        for p in self.placements:
            live = p["status"] in ("offer", "active") and (not p.get("end_on") or p["end_on"] >= day)
            for payer in (p.get("payers") or "").split(";") if p.get("insurance_billing") == "true" and live else ():
                own = self.of(p["therapist"], payer)
                need = max(day, p["start_on"])
                if not any(self.status(a, day) == "approved" and (a.get("effective_on") or a["status_on"]) <= need
                           for a in own):
                    ended = [a["status_on"] for a in own if self.status(a, day) in ("denied", "withdrawn")]
                    yield "gap", f"placement:{p['placement']} {payer}", max([p["start_on"], *ended]), payer

    def papers(self, day, settings):
        for t in self.therapists:
            until = self.needed_until(t["therapist"], day, settings)
            if not until:
                continue
            for one in self.licenses:
                if one["therapist"] == t["therapist"] and one["expires_on"] <= until and one["status"] == "active":
                    yield "license", f"license:{one['license']}", one["expires_on"], ""
            attested, insured = t.get("caqh_attested_on"), t.get("insurance_expires_on")
            if attested and attested + ONE * settings["caqh_days"] <= until:
                yield "attestation", f"therapist:{t['therapist']}", attested + ONE * settings["caqh_days"], ""
            if insured and insured <= until:
                yield "insurance", f"therapist:{t['therapist']}", insured, ""


def rung(schedule, office, stand, day):
    """The newest step (place, id) that a stand has reached and that still makes sense, or None."""
    track, subject, anchor, payer = stand
    agreed = office.agreed.get(subject.split(":")[1]) if track == "followup" else None
    found = None
    for place, (name, at) in enumerate(schedule.ladder(payer).get(track, [])):
        on = roll(anchor + ONE * at)
        void = day > anchor if at < 0 else schedule.forget is not None and (day - on).days > schedule.forget
        if on <= day and not void:
            found = (place, name)
            last = anchor + ONE * at
    if found and agreed and last <= agreed + ONE * schedule.settings["quiet_days"]:
        return None  # the call that was agreed covers it
    return found


def planned(schedule, office, day):
    """Every (subject, step) that is due on `day` if nothing has fired before: a pure function of the date."""
    return {(stand[1].split()[0], found[1], stand[3]) for stand in office.stands(day, schedule.settings)
            for found in [rung(schedule, office, stand, day)] if found}


def lived(schedule, office, first, last):
    """{day: {(subject, step)}} of a run each weekday, each step fired when it is first the newest one due."""
    highest, result, day = {}, {}, first
    while day <= last:
        for stand in office.stands(day, schedule.settings) if day.weekday() < 5 else ():
            found = rung(schedule, office, stand, day)
            if found and found[0] > highest.get(stand[:3], -1):
                highest[stand[:3]] = found[0]
                result.setdefault(day, set()).add((stand[1].split()[0], found[1], stand[3]))
        day += ONE
    return result
