"""Public data about people and places as files that `tickler import` reads: the national provider registry's samples become
therapists and licenses, the treatment locator's sites facilities, a roster with planted errors therapists and licenses as
they stand. Zones come from ZIP codes, else from the state's main zone; what the data does not say is chosen by a hash."""
import csv
import datetime as dt
import zlib

KINDS = ["cmhc", "inpatient_psychiatric", "php", "iop", "school", "correctional", "telehealth"]
# The title of a taxonomy or a specialty; what is none of ours is "other".
TITLES = {"Social Worker, Clinical": "LCSW", "Counselor, Mental Health": "LMHC", "Counselor, Professional": "LPC",
          "Marriage & Family Therapist": "LMFT", "Psychologist": "psychologist", "Registered Nurse": "RN",
          "Nurse Practitioner, Psych/Mental Health": "PMHNP", "Nurse Practitioner": "APRN",
          "Nurse Practitioner, Family": "APRN"}


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def write(folder, entity, rows):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{entity}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Zones:
    def __init__(self, folder):
        self.of_zip = {row["zip"]: row["tz"] for row in read(folder / "zip_timezone.csv")}
        self.of_state = {row["state"]: row["tz"] for row in read(folder / "state_timezones.csv") if row["main"] == "1"}

    def find(self, zip_code, state):
        return self.of_zip.get(zip_code) or self.of_state.get(state, "")


def month_first(text):
    month, day, year = map(int, text.split("/"))
    return dt.date(year, month, day)


def nppes(source, zones, folder):
    """Both samples: a provider with a license of a state gets it, good for two years from the profile's last update."""
    people, licenses = {}, {}
    for row in read(source / "nppes_behavioral_sample.csv"):
        people[row["npi_hash"]] = dict(therapist=f"N-{row['npi_hash']}", name=f"{row['first_name']} {row['last_name']}",
                                       timezone=zones.find(row["practice_zip"], row["practice_state"]),
                                       caqh_attested_on=month_first(row["last_update_date"]))
    for row in read(source / "nppes_taxonomies.csv"):
        people.setdefault(row["npi_hash"], dict(therapist=f"N-{row['npi_hash']}",
                                                name=f"{row['first_name']} {row['last_name']}",
                                                timezone=zones.find("", row["practice_state"]),
                                                caqh_attested_on=row["last_updated"]))
        if row["license_state"]:
            updated = dt.date.fromisoformat(row["last_updated"])
            licenses.setdefault((row["npi_hash"], row["license_state"], row["license_hash"]), dict(
                license=f"N-{row['npi_hash']}-{row['license_state']}-{row['license_hash']}", therapist=f"N-{row['npi_hash']}",
                state=row["license_state"], type=TITLES.get(row["taxonomy_desc"], "other"), number=row["license_hash"],
                issued_on=row["enumeration_date"], expires_on=updated + dt.timedelta(days=730)))
    write(folder, "therapists", list(people.values()))
    write(folder, "licenses", list(licenses.values()))


def samhsa(source, zones, folder):
    """Each site once; sites of one organization (the name before the colon) hang on its first."""
    sites, first = {}, {}
    for row in read(source / "facilities.csv"):
        key = tuple(row.values())
        if key in sites:
            continue
        ident = f"S-{len(sites) + 1:04}"
        head = first.setdefault(row["name"].split(":")[0], ident)
        sites[key] = dict(facility=ident, name=row["name"], type=KINDS[zlib.crc32(row["name"].encode()) % 7],
                          state=row["state"], timezone=zones.find(row["zip"], row["state"]),
                          parent=head if head != ident else "")
    write(folder, "facilities", list(sites.values()))


def roster(source, folder, type_of):
    """The roster as it stands, its errors included; `type_of` maps a row's credential."""
    rows = read(source / "roster.csv")
    write(folder, "therapists", [dict(therapist=r["provider_id"], name=r["full_name"]) for r in rows])
    write(folder, "licenses", [dict(license=r["license_number"], therapist=r["provider_id"], state=r["license_state"],
                                    type=type_of(r["credential"]), number=r["license_number"],
                                    expires_on=r["license_expiration"]) for r in rows])
