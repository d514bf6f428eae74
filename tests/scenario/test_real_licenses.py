"""Real license sets against an independent calculation: Chicago's renewal chains, New York's drivers, California's
treatment facilities, and the upload format of the licensure compacts. tests/support/map_licenses.py maps them,
tests/support/license_oracle.py calculates.

All rows are imported. What is sampled: the chains are imported anew as they stood every SAMPLE days from 2002 to 2018,
each time planned on that day (with New York's licenses from 2015 on); California is planned every 23rd day of 2026 to
2029. In between nothing is fired, so that a plan is a pure function of the day. Three stretches are rehearsed with the
real processes, each step fired once. The agency keeps the state holidays of California and Illinois as days off.
"""
import collections
import csv
import datetime as dt
import json
import pathlib

import house as support
import license_oracle
import map_licenses
from house import House

SAMPLE = dt.timedelta(days=83)
REHEARSED = [(dt.date(2013, 11, 4), dt.date(2013, 11, 22)), (dt.date(2016, 10, 6), dt.date(2016, 10, 12))]
CALIFORNIA = (dt.date(2026, 12, 29), dt.date(2027, 1, 8))


def differences(ours, theirs, what):
    lines = [f"{what}: only ticklerd has {key}" for key in sorted(ours - theirs)]
    lines += [f"{what}: only the calculation has {key}" for key in sorted(theirs - ours)]
    return lines[:10] + ([f"... {len(lines)} in all"] if len(lines) > 10 else [])


def days_off():
    with open(support.shared_data("us-holidays") / "state.csv", newline="", encoding="utf-8") as file:
        return sorted({dt.date.fromisoformat(row["date"]) for row in csv.DictReader(file)
                       if row["state"] in ("CA", "IL") and row["type"] == "public"})


def planned(house, day):
    rows = house.json("plan", "--worker", "license_renewal", "--as-of", day)
    return {(subject.split(":", 1)[1], row["step"]) for row in rows for subject in row["subjects"]}


class Office:
    """The house, and what is on record in it."""

    def __init__(self, house):
        self.house = house
        self.schedule = license_oracle.Schedule(house.dir / "config/schedules/license_renewal.yaml", days_off())
        self.licenses = {}
        self.checked = 0

    def imports(self, entity, rows):
        path = self.house.root / f"{entity}.csv"
        map_licenses.write(path, rows, list(rows[0]))
        words = self.house.tickler("import", entity, path)
        assert "refused 0" in words, words
        if entity == "licenses":
            self.licenses.update({row["license"]: row for row in rows})
        return words

    def check_plan(self, day):
        theirs = license_oracle.planned(self.schedule, self.licenses.values(), day)
        wrong = differences(planned(self.house, day), theirs, f"plan {day}")
        assert not wrong, "\n".join(wrong)
        self.checked += len(theirs)

    def check_rehearsal(self, first, last):
        steps, letters = license_oracle.chased(self.schedule, self.licenses.values(), first, last)
        ours, written = collections.defaultdict(set), collections.defaultdict(dict)
        for line in self.house.tickler("rehearse", "--from", first, "--to", last, "--json").splitlines():
            row = json.loads(line)
            if row["worker"] != "license_renewal":
                continue
            day = dt.date.fromisoformat(row["at"][:10])
            subjects = {s.split(":", 1)[1] for s in row["subjects"]}
            if row["effect"] in ("fired", "done"):
                ours[day] |= {(s, row["step"]) for s in subjects}
            elif row["effect"] == "message":
                therapist = row["party"].split(":", 1)[1]
                assert therapist not in written[day], f"{day}: two letters to {therapist}"
                written[day][therapist] = subjects
        for day in sorted(set(steps) | set(ours)):
            wrong = differences(ours[day], steps.get(day, set()), f"rehearse {day}")
            assert not wrong, "\n".join(wrong)
            assert written[day] == letters.get(day, {}), f"letters of {day}: {written[day]} and {letters.get(day)}"
        return sum(map(len, steps.values())), sum(map(len, letters.values())), max(
            (len(licenses) for day in letters.values() for licenses in day.values()), default=0)


def chains_and_drivers(office):
    chicago = map_licenses.Chicago(support.shared_data("licences-chicago-renewals"))
    therapists, drivers = map_licenses.new_york(support.shared_data("licences-nyc-drivers"))
    assert len(chicago.rows) == 379 and len(drivers) == 5176
    office.imports("therapists", chicago.therapists())
    office.imports("therapists", therapists)
    rehearsals, moved, days = list(REHEARSED), 0, 0
    day = dt.date(2002, 1, 7)
    while day <= dt.date(2018, 12, 31):
        stop = rehearsals and day > rehearsals[0][0]
        on = rehearsals[0][0] if stop else day
        words = office.imports("licenses", chicago.on(on))
        moved += int(words.split("updated ")[1].split(",")[0])
        if on >= dt.date(2015, 7, 23) and "NY" not in {row["state"] for row in office.licenses.values()}:
            assert "imported 5176" in office.imports("licenses", drivers)
        office.check_plan(on)
        days += 1
        if stop:
            print("  {} to {}: {} steps in {} letters and tasks of {} licenses at most, all equal".format(
                *rehearsals[0], *office.check_rehearsal(*rehearsals.pop(0))))
        else:
            day += SAMPLE
    assert len({key for key in office.licenses if key.startswith("CH-")}) == len(chicago.terms) == 132
    print(f"  {days} days of 2002 to 2018: {moved} renewals and changes, {office.checked} license-steps, all equal")


def facilities(office):
    therapists, licenses = map_licenses.california(support.shared_data("licences-ca-sud-facilities"))
    assert len(licenses) == 1586
    office.imports("therapists", therapists)
    office.imports("licenses", licenses)
    before, days = office.checked, 0
    day = dt.date(2026, 1, 5)
    while day <= dt.date(2029, 2, 28):
        office.check_plan(day)
        day, days = day + dt.timedelta(days=23), days + 1
    print(f"  California: {days} days of 2026 to 2029, {office.checked - before} license-steps, all equal")
    print("  {} to {}: {} steps, {} letters, the longest of {} licenses, all equal".format(
        *CALIFORNIA, *office.check_rehearsal(*CALIFORNIA)))


def compact_uploads(house):
    """Five good records come in. Of the five bad ones an unknown column refuses the whole file; without it four rows."""
    data = support.shared_data("licence-upload-format")
    folder = house.root / "compact"
    folder.mkdir()

    def put(name, entity, rows, *options):
        path = folder / f"{name}.csv"
        map_licenses.write(path, rows, list(rows[0]))
        return house.tickler("import", entity, path, *options, check=False)

    therapists, licenses = map_licenses.compact(data / "social_work_valid.csv")
    assert put("therapists", "therapists", therapists).returncode == 0
    done = put("valid", "licenses", licenses)
    assert done.returncode == 0 and "imported 5" in done.stdout, done
    assert house.sql("SELECT l.ext_id, type, status, name FROM license l JOIN therapist USING (agency_id, therapist_id) "
                     "WHERE state = 'OH' ORDER BY 1") == [
        ("A0608337260", "LCSW", "active", "Björk Gunnar Guðmundsdóttir"), ("B0608337260", "other", "active",
         "Elizabeth Patricia Scott"), ("C0608337260", "LCSW", "active", "覃 泽 毛"), ("D0608337260", "LCSW", "lapsed",
         "John Michael Adams"), ("E0608337260", "LCSW", "renewal_submitted", "María José Carreño Quiñones")]
    _, licenses = map_licenses.compact(data / "social_work_invalid.csv")
    done = put("foo", "licenses", licenses)
    assert done.returncode == 1 and "foo.csv:1: unknown column 'foo'; known are license, " in done.stderr, done
    bad = [{column: value for column, value in row.items() if column != "foo"} for row in licenses]
    done = put("invalid", "licenses", bad)
    assert done.returncode == 1, done
    # The first record stands as it was; each other one says where it is wrong, and why.
    for place in (":3: license: 'A0608337260' stands already in line 2", ":4: type: 'plumber' is unknown; allowed are LCSW, ",
                  ":5: status: 'translucent' is unknown; allowed are active, ",
                  ":5: expires_on: '2024-06-31' is no date", ":6: status_on: '2024-13-32' is no date"):
        assert f"invalid.csv{place}" in done.stderr, (place, done.stderr)
    done = put("invalid", "licenses", bad, "--accept-good")
    assert "imported 0, updated 0, unchanged 1, refused 4" in done.stdout, done
    assert house.one("SELECT count(*) FROM license WHERE state = 'OH'") == 5
    print("  compact uploads: 5 good records in, 4 of 5 bad ones refused with place and reason")


def main():
    for name in ("licences-chicago-renewals", "licences-nyc-drivers", "licences-ca-sud-facilities", "licence-upload-format"):
        support.shared_data(name)
    with House() as house:
        house.init()
        house.only("license_renewal")
        support.open_window(house)
        house.schedule("license_renewal", limits={"per_party_per_day": 1, "per_run": 0}, storm_brake=0,
                       stop_if_data_older_than=None)
        house.edit(house.dir / "config/ticklerd.yaml", lambda document: document.update(days_off=days_off()))
        house.start()
        office = Office(house)
        chains_and_drivers(office)
        facilities(office)
        compact_uploads(house)


if __name__ == "__main__":
    support.leave_root()
    main()
