"""The real payer list, 6,455 rows with notes of many lines, and 316 credentialing applications of 2025.

Imported whole; `tickler plan --as-of` for days over the year with nothing fired, and `tickler rehearse` over the first months, where
the real processes fire each step once. Both agree with tests/support/panel_oracle.py, which knows only the same files.
"""
import collections
import csv
import datetime as dt
import json
import pathlib
import subprocess
import sys

import house as support
import panel_oracle
from house import House

DAY = dt.timedelta(days=1)
PLANNED = [dt.date(2025, 1, 1) + n * DAY for n in range(0, 450, 14)]
FIRST, LAST = dt.date(2025, 1, 1), dt.date(2025, 4, 11)


def imported(house, payers, applications):
    folder = house.root / "panels"
    subprocess.run([sys.executable, "-B", pathlib.Path(support.__file__).parent / "map_payers.py", payers / "payers.csv",
                    applications / "applications.csv", folder], check=True)
    house.init()
    house.only("payer_followup")
    support.open_window(house)
    # Each step on its own day: the gap between letters and the caps have tests of their own.
    house.schedule("payer_followup", min_gap="0d", limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0)
    house.edit(house.dir / "config/ticklerd.yaml", lambda document: document.update(people={"letters_per_day": 0}))
    house.start()
    house.tickler("import", "--dir", folder)
    return folder


def nothing_is_lost(house, folder):
    with open(folder / "payers.csv", newline="", encoding="utf-8") as file:
        rows = {r["payer"]: (r["name"], r["email"] or None, r["portal_url"] or None) for r in csv.DictReader(file)}
    ours = {ident: (name, email, portal) for ident, name, email, portal in
            house.sql("SELECT ext_id, name, email, portal_url FROM payer")}
    assert ours == rows and len(rows) > 2800, [(k, ours.get(k), rows[k]) for k in rows if ours.get(k) != rows[k]][:3]
    lines = sum("\n" in (portal or "") for _, _, portal in ours.values())
    assert lines > 50, lines
    print(f"{len(ours)} payers as they came, {lines} of them with notes of several lines")


def differences(ours, theirs, what):
    lines = []
    for day in sorted(set(ours) | set(theirs)):
        here, there = ours.get(day, set()), theirs.get(day, set())
        lines += [f"{what} {day}: only ticklerd has {key}" for key in sorted(here - there)]
        lines += [f"{what} {day}: only the calculation has {key}" for key in sorted(there - here)]
    return lines[:20] + ([f"... {len(lines)} in all"] if len(lines) > 20 else [])


def main():
    payers, applications = support.shared_data("payer-list"), support.shared_data("credentialing-pipeline")
    with House() as house:
        folder = imported(house, payers, applications)
        nothing_is_lost(house, folder)
        schedule = panel_oracle.Schedule(house.dir / "config/schedules/payer_followup.yaml")
        office = panel_oracle.Office(folder)
        assert len(office.applications) == 316, len(office.applications)

        ours, theirs = {}, {}
        for day in PLANNED:
            rows = house.json("plan", "--worker", "payer_followup", "--as-of", day)
            ours[day] = {(subject, row["step"]) for row in rows for subject in row["subjects"]}
            theirs[day] = {(subject, step) for subject, step, _ in panel_oracle.planned(schedule, office, day)}
        wrong = differences(ours, theirs, "plan")
        assert not wrong, "\n".join(wrong)
        kinds = collections.Counter(step for found in theirs.values() for _, step in found)
        print(f"plan: {len(ours)} days, {kinds.total()} subjects at {len(kinds)} different steps, all equal")

        lived = collections.defaultdict(set)
        for line in house.tickler("rehearse", "--from", FIRST, "--to", LAST, "--json").splitlines():
            row = json.loads(line)
            if row["worker"] == "payer_followup" and row["effect"] in ("fired", "done"):
                lived[dt.date.fromisoformat(row["at"][:10])] |= {(s, row["step"]) for s in row["subjects"]}
        theirs = {day: {(subject, step) for subject, step, _ in found}
                  for day, found in panel_oracle.lived(schedule, office, FIRST, LAST).items()}
        wrong = differences(lived, theirs, "rehearse")
        assert not wrong, "\n".join(wrong)
        print(f"rehearse: {len(lived)} days with work, {sum(map(len, lived.values()))} steps, all equal")


if __name__ == "__main__":
    support.leave_root()
    main()
