"""An independent calculation of the license ladders, for licenses that no rule speaks of: all hangs on the expiry.

Shares nothing with the product but its inputs: the rows that `tickler import` reads and the schedule's YAML. Literal, day
by day, so that it can be checked by reading. The calendar of business days is tests/support/ledger_oracle.py's, with the
agency's own days off.
"""
import datetime as dt
import functools
import pathlib
import re

import ledger_oracle
import yaml

ONE = dt.timedelta(days=1)


def date(text):
    return text if isinstance(text, dt.date) else dt.date.fromisoformat(text) if text else None


class Schedule:
    def __init__(self, path, days_off=()):
        self.raw = yaml.safe_load(pathlib.Path(path).read_text())
        self.days_off = frozenset(days_off)
        self.forget = int(self.raw["forget_after"].rstrip("d"))
        self.ladders = {}
        for step in self.raw["steps"]:
            self.ladders.setdefault(step.get("track", "main"), []).extend(self.repeats(step))
        self.step_day = functools.lru_cache(None)(self.step_day)

    @staticmethod
    def repeats(step):
        """A step that repeats stands for follow-ups of its own: id, id_2, id_3, ..."""
        first = int(step["at"].rstrip("d"))
        every, until = int(step.get("every", "1d").rstrip("d")), int(step.get("until", step["at"]).rstrip("d"))
        return [(step["id"] + ("" if n == 0 else f"_{n + 1}"), at, step)
                for n, at in enumerate(range(first, until + 1, every))]

    def is_open(self, day):
        return ledger_oracle.is_open(day) and day not in self.days_off

    def step_day(self, at, anchor):
        """A step falls on its day, or on the next business day."""
        day = anchor + ONE * at
        while not self.is_open(day):
            day += ONE
        return day

    def reached(self, track, anchor, day):
        """(place, id, step) of the newest step of a track that this anchor has reached, or None. A step before its anchor
        is not taken once the anchor has passed; one at or after it not when it is later than forget_after."""
        found = None
        for place, (name, at, step) in enumerate(self.ladders[track]):
            on = self.step_day(at, anchor)
            in_time = day <= anchor if at < 0 else (day - on).days <= self.forget
            if on <= day and in_time:
                found = (place, name, step)
        return found


def status_on(row, day):
    """What a record says counts from its own day. A filing over 200 days before the expiry was for an earlier round."""
    changed, expires = date(row["status_on"]), date(row["expires_on"])
    if row["status"] == "active" or (changed and changed > day):
        return "active"
    if row["status"] == "renewal_submitted" and (expires - changed).days > 200:
        return "active"
    return row["status"]


def anchors(row, day):
    """[(track, anchor)] that a license stands on that day."""
    expires, changed, status = date(row["expires_on"]), date(row["status_on"]), status_on(row, day)
    if status == "surrendered":
        return []
    if status == "renewal_submitted":
        return [("watch", changed), ("watch_expiry", expires)]  # watch_lead: only with somebody placed on it
    ended = min(expires, changed) if status == "lapsed" else expires
    if ended <= day:
        return [("expired", ended), ("expired_lead", ended)]
    return [("main", expires)] if status == "active" else []


def due(schedule, rows, day):
    """[(license, therapist, expiry, track, place, id, step)] that stand due if nothing has fired before."""
    found = []
    for row in rows:
        for track, anchor in anchors(row, day):
            newest = schedule.reached(track, anchor, day)
            if newest:
                found.append((row["license"], row["therapist"], row["expires_on"], track, *newest))
    return found


def planned(schedule, rows, day):
    return {(license_id, name) for license_id, _, _, _, _, name, _ in due(schedule, rows, day)}


def chased(schedule, rows, first, last):
    """({day: {(license, step)}}, {day: {therapist: licenses in the letter}}) of a run each weekday, each step once."""
    highest, steps, letters = {}, {}, {}
    day = first
    while day <= last:
        new = [row for row in (due(schedule, rows, day) if day.weekday() < 5 else ())
               if row[4] > highest.get((row[0], row[2], row[3]), -1)]
        at_expiry = {row[0] for row in new if row[3] == "watch_expiry"}
        for license_id, therapist, expires, track, place, name, step in new:
            highest[license_id, expires, track] = place
            if track == "watch" and license_id in at_expiry:
                continue  # the task of the expiry asks the board already: once a day is enough
            steps.setdefault(day, set()).add((license_id, name))
            if "send" in step:
                letters.setdefault(day, {}).setdefault(therapist, set()).add(license_id)
        day += ONE
    return steps, letters
