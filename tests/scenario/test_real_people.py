"""Real people and places from ../shared/data, imported whole and compared with an independent reading of the same files."""
import csv
import datetime as dt
import sys

import house as support
import map_people
from house import House

DATA = support.shared_data("nppes-providers").parent


def raw(*path):
    with open(DATA.joinpath(*path), newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_nppes(house, zones):
    folder = house.root / "nppes"
    map_people.nppes(DATA / "nppes-providers", zones, folder)
    words = house.tickler("import", "--dir", folder)
    sample, taxonomies = raw("nppes-providers", "nppes_behavioral_sample.csv"), raw("nppes-providers", "nppes_taxonomies.csv")
    people = {row["npi_hash"] for row in sample + taxonomies}
    licenses = {(r["npi_hash"], r["license_state"], r["license_hash"]) for r in taxonomies if r["license_state"]}
    assert f"therapists: imported {len(people)}, updated 0, unchanged 0, refused 0" in words, words
    assert f"licenses: imported {len(licenses)}, updated 0, unchanged 0, refused 0" in words, words
    stored = dict(house.sql("SELECT ext_id, name FROM therapist WHERE ext_id LIKE 'N-%%'"))
    assert stored == {f"N-{r['npi_hash']}": f"{r['first_name']} {r['last_name']}" for r in taxonomies + sample}
    by_state = dict(house.sql("SELECT state, count(*) FROM license WHERE ext_id LIKE 'N-%%' GROUP BY 1"))
    assert by_state == {s: sum(1 for _, state, _ in licenses if state == s) for s in {state for _, state, _ in licenses}}
    # Dates of both shapes, month first and ISO, are the same days.
    row = next(r for r in sample if int(r["last_update_date"].split("/")[1]) > 12)
    month, day, year = row["last_update_date"].split("/")
    assert house.one("SELECT caqh_attested_on FROM therapist WHERE ext_id = %s", f"N-{row['npi_hash']}") == \
        dt.date(int(year), int(month), int(day))
    assert "imported 0, updated 0" in house.tickler("import", "--dir", folder)


def test_zones(house):
    """Everybody has the zone of their ZIP, or their state's main one; Arizona does not change its clocks."""
    of_zip = {row["zip"]: row["tz"] for row in raw("us-timezones", "zip_timezone.csv")}
    stored = dict(house.sql("SELECT ext_id, timezone FROM therapist WHERE timezone IS NOT NULL"))
    seen = 0
    for row in raw("nppes-providers", "nppes_behavioral_sample.csv"):
        zone = stored[f"N-{row['npi_hash']}"]
        if row["practice_zip"] in of_zip:
            assert zone == of_zip[row["practice_zip"]], row
            seen += 1
        if row["practice_state"] == "AZ" and row["practice_zip"] in of_zip:
            assert zone in ("America/Phoenix", "America/Shiprock"), zone
        if row["practice_state"] in ("NY", "NJ", "PA"):
            assert zone == "America/New_York", row
    assert seen > 150
    every = sorted(set(of_zip.values()))
    rows = "".join(f"Z-{n},Zone {n},{zone}\n" for n, zone in enumerate(every))
    path = house.root / "zones.csv"
    path.write_text("therapist,name,timezone\n" + rows)
    assert f"imported {len(every)}" in house.tickler("import", "therapists", path)


def test_samhsa(house, zones):
    folder = house.root / "samhsa"
    map_people.samhsa(DATA / "mh-facilities", zones, folder)
    words = house.tickler("import", "--dir", folder)
    sites = raw("mh-facilities", "facilities.csv")
    distinct = {tuple(row.values()) for row in sites}
    assert f"facilities: imported {len(distinct)}, updated 0, unchanged 0, refused 0" in words, words
    assert len(distinct) < len(sites)
    assert dict(house.sql("SELECT state, count(*) FROM facility WHERE ext_id LIKE 'S-%%' GROUP BY 1")) == \
        {state: sum(1 for row in distinct if row[2] == state) for state in ("CA", "NV", "OR")}
    assert sorted(name for name, in house.sql("SELECT name FROM facility WHERE ext_id LIKE 'S-%%'")) == \
        sorted(row[0] for row in distinct)
    organizations = {}
    for row in distinct:
        organizations.setdefault(row[0].split(":")[0], set()).add(row)
    hanging = house.one("SELECT count(*) FROM facility WHERE ext_id LIKE 'S-%%' AND parent_id IS NOT NULL")
    assert hanging == sum(len(group) - 1 for group in organizations.values())
    assert {zone for zone, in house.sql("SELECT DISTINCT timezone FROM facility WHERE ext_id LIKE 'S-%%'")} == {"America/Los_Angeles"}


def test_dirty_roster(house):
    """Every bad row of the roster is refused with its place, and no other."""
    folder = house.root / "roster"
    rows = raw("provider-roster-dirty", "roster.csv")
    done = house.tickler("import", "therapists", DATA / "provider-roster-dirty/roster.csv", check=False)
    assert done.returncode == 1 and "roster.csv:1: unknown column 'provider_id'" in done.stderr, done.stderr
    # Physicians' credentials are no license types of ours: each row says so.
    map_people.roster(DATA / "provider-roster-dirty", folder, lambda credential: credential)
    done = house.tickler("import", "--dir", folder, check=False)
    assert done.returncode == 1 and f"refused {len(rows)} (nothing was changed)" in done.stdout
    for line, row in list(enumerate(rows, 2))[:150]:
        assert f"licenses.csv:{line}: type: '{row['credential']}' is unknown" in done.stderr
    assert house.one("SELECT count(*) FROM therapist WHERE ext_id LIKE 'PR_%%'") == 0, "half a folder stayed"
    # With the type mended, the numbers that stand twice are left.
    map_people.roster(DATA / "provider-roster-dirty", folder, lambda credential: "other")
    first, repeated = {}, []
    for line, row in enumerate(rows, 2):
        if row["license_number"] in first:
            repeated.append((line, row["license_number"], first[row["license_number"]]))
        else:
            first[row["license_number"]] = line
    done = house.tickler("import", "--dir", folder, check=False)
    assert done.returncode == 1
    for line, number, earlier in repeated:
        assert f"licenses.csv:{line}: license: '{number}' stands already in line {earlier}" in done.stderr
    assert len(done.stderr.splitlines()) == len(repeated) > 10, done.stderr
    words = house.tickler("import", "--dir", folder, "--accept-good")
    assert f"licenses: imported {len(first)}, updated 0, unchanged 0, refused {len(repeated)}" in words, words
    kept = dict(house.sql("SELECT ext_id, expires_on::text FROM license WHERE type = 'other' AND ext_id NOT LIKE 'N-%%'"))
    assert kept == {number: rows[line - 2]["license_expiration"] for number, line in first.items()}


def test_dates_of_another_country(house):
    """Dates month first are refused one by one, never guessed."""
    rows = raw("nppes-providers", "nppes_behavioral_sample.csv")
    path = house.root / "dates.csv"
    path.write_text("therapist,name,caqh_attested_on\n" +
                    "".join(f"N-{r['npi_hash']},{r['first_name']},{r['last_update_date']}\n" for r in rows))
    done = house.tickler("import", "therapists", path, check=False)
    assert done.returncode == 1 and f"refused {len(rows)} (nothing was changed)" in done.stdout
    assert f"dates.csv:2: caqh_attested_on: '{rows[0]['last_update_date']}' is no date; write YYYY-MM-DD" in done.stderr
    assert f"... and {len(rows) - 200} more reasons" in done.stderr


def main():
    zones = map_people.Zones(DATA / "us-timezones")
    with House() as house:
        house.init()
        house.start()
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(*[house, zones][:function.__code__.co_argcount])
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    sys.exit(main())
