"""An independent calculation of who must be chased, for each day and at which step.

Shares nothing with the product but its inputs: the CSV files that `tickler import` reads and the schedule's YAML. It
walks day by day in the most literal way, so that it can be checked by reading.
"""
import csv
import datetime as dt
import functools
import pathlib
import re

import yaml

ONE = dt.timedelta(days=1)


def nth_weekday(year, month, weekday, n):
    """The n-th (or last, n = -1) such weekday of a month; Monday is 0."""
    days = [d for d in (dt.date(year, month, 1) + ONE * i for i in range(31)) if d.month == month]
    return [d for d in days if d.weekday() == weekday][n - 1 if n > 0 else n]


@functools.lru_cache(None)
def federal_days_off(year):
    """5 U.S.C. 6103 as a Monday-to-Friday worker observes it, by the year of the holiday."""
    days = [dt.date(year, 1, 1), nth_weekday(year, 1, 0, 3), nth_weekday(year, 2, 0, 3), nth_weekday(year, 5, 0, -1),
            dt.date(year, 7, 4), nth_weekday(year, 9, 0, 1), nth_weekday(year, 10, 0, 2), dt.date(year, 11, 11),
            nth_weekday(year, 11, 3, 4), dt.date(year, 12, 25)]
    if year >= 2021:
        days.append(dt.date(year, 6, 19))
    return {d - ONE if d.weekday() == 5 else d + ONE if d.weekday() == 6 else d for d in days}


def is_open(day):
    return day.weekday() < 5 and not any(day in federal_days_off(y) for y in (day.year, day.year + 1))


def roll(day):
    while not is_open(day):
        day += ONE
    return day


@functools.lru_cache(None)
def add_business(day, n):
    day = roll(day)
    while n:
        day += ONE if n > 0 else -ONE
        if is_open(day):
            n += -1 if n > 0 else 1
    return day


@functools.lru_cache(None)
def step_day(at, anchor):
    count, unit = re.fullmatch(r"([+-]?\d+)(bd|d)", at).groups()
    return add_business(anchor, int(count)) if unit == "bd" else roll(anchor + ONE * int(count))


class Schedule:
    def __init__(self, path):
        self.raw = yaml.safe_load(pathlib.Path(path).read_text())

    def ladder(self, facility_type):
        """[(id, at, step)] for that kind of facility, overrides applied."""
        changes = {}
        for override in self.raw.get("overrides", []):
            if facility_type in override["when"]["facility_type"]:
                changes.update(override["steps"])
        rungs = []
        for step in self.raw["steps"]:
            change = changes.get(step["id"], {})
            if change in ("off", False):
                continue
            rungs.append((step["id"], change.get("at", step["at"]), step))
        return rungs


class Ledger:
    def __init__(self, folder):
        folder = pathlib.Path(folder)

        def rows(name):
            with open(folder / f"{name}.csv", newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))

        self.type_of = {f["facility"]: f["type"] for f in rows("facilities")}
        self.invoices = [{"id": r["invoice"], "facility": r["facility"],
                          "issued": dt.date.fromisoformat(r["issued_on"]), "due": dt.date.fromisoformat(r["due_on"]),
                          "cents": round(float(r["amount"]) * 100)} for r in rows("invoices")]
        self.paid = {}
        for r in rows("payments"):
            sign = -1 if r.get("kind") in ("refund", "chargeback") else 1
            self.paid.setdefault(r["invoice"], []).append(
                (dt.date.fromisoformat(r["received_on"]), sign * round(float(r["amount"]) * 100)))
        self.holds = {}
        if (folder / "holds.csv").exists():
            for r in rows("holds"):
                until = dt.date.fromisoformat(r["until_on"]) if r["until_on"] else dt.date.max
                self.holds.setdefault((r["about"], r["id"]), []).append((dt.date.fromisoformat(r["from_on"]), until))

    def held(self, invoice, day):
        spans = self.holds.get(("invoice", invoice["id"]), []) + self.holds.get(("facility", invoice["facility"]), [])
        return any(first <= day <= last for first, last in spans)

    def balance(self, invoice, day):
        return invoice["cents"] - sum(cents for on, cents in self.paid.get(invoice["id"], []) if on <= day)

    def is_chaseable(self, invoice, day, min_cents):
        return (invoice["issued"] <= day and self.balance(invoice, day) >= max(1, min_cents)
                and not self.held(invoice, day))


def latest_step(schedule, ledger, invoice, day):
    """(ordinal, id, step) of the newest rung that this invoice has reached by `day`, or None."""
    found = None
    for ordinal, (name, at, step) in enumerate(schedule.ladder(ledger.type_of[invoice["facility"]])):
        on = step_day(at, invoice["due"])
        before_due = at.startswith("-")
        if on <= day and not (before_due and (day > invoice["due"] or on < invoice["issued"])):
            found = (ordinal, name, step)
    return found


def planned(schedule, ledger, day):
    """Every (invoice, step) that stands due on `day` if nothing has fired before: a pure function of the date."""
    min_cents = round(float(schedule.raw.get("min_amount", 0)) * 100)
    return {(invoice["id"], found[1]) for invoice in ledger.invoices
            if ledger.is_chaseable(invoice, day, min_cents)
            for found in [latest_step(schedule, ledger, invoice, day)] if found}


def chased(schedule, ledger, first, last):
    """{day: {(invoice, step)}} of a run each weekday from first to last, each step fired when it is first the newest
    one due, with no gap between letters and no caps. A note before the due date gives way on a day when the same
    facility gets a letter about what is overdue."""
    min_cents = round(float(schedule.raw.get("min_amount", 0)) * 100)
    highest = {}
    result = {}
    day = first
    while day <= last:
        due = []
        for invoice in ledger.invoices if day.weekday() < 5 else ():
            if not ledger.is_chaseable(invoice, day, min_cents):
                continue
            found = latest_step(schedule, ledger, invoice, day)
            if found and found[0] > highest.get(invoice["id"], -1):
                highest[invoice["id"]] = found[0]
                due.append((invoice, found[1], found[2]))
        overdue_letter = {i["facility"] for i, _, step in due if not step["at"].startswith("-") and "send" in step
                          and "billing_contact" in step["send"]["to"]}
        for invoice, name, step in due:
            if not (step["at"].startswith("-") and invoice["facility"] in overdue_letter):
                result.setdefault(day, set()).add((invoice["id"], name))
        day += ONE
    return result
