#!/usr/bin/python3
"""map_licenses.py: the dated license sets of ../shared/data as files that `tickler import` reads.

None of them is about mental health: business licenses of Chicago with their chains of renewals, taxi drivers of New York
City, treatment facilities of California. So every type is `other`, for which ticklerd has no rule: the ladders hang on the
expiry alone. Whoever holds a license becomes a therapist with an address made of the id.

The upload format of the licensure compacts (CompactConnect) is mapped field by field, and what ticklerd cannot know is
passed on as it stands, for ticklerd to refuse.
"""
import collections
import csv
import datetime as dt
import pathlib

COLUMNS = ["license", "therapist", "state", "type", "number", "issued_on", "expires_on", "status", "status_on"]


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def write(path, rows, columns=None):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def american(text):
    return dt.datetime.strptime(text, "%m/%d/%Y").date() if text else None


def license_row(license_id, therapist, state, expires_on, **more):
    return {**dict.fromkeys(COLUMNS, ""), "license": license_id, "therapist": therapist, "state": state, "type": "other",
            "number": license_id, "expires_on": expires_on, "status": "active", **more}


def therapist_row(therapist, name):
    return dict(therapist=therapist, name=name, email=f"{therapist.lower()}@holder.example")


class Chicago:
    """Renewal chains: the rows of one license number are its terms, one after the other."""

    def __init__(self, folder):
        self.rows = read(pathlib.Path(folder) / "licences.csv")
        self.terms = collections.defaultdict(list)
        for row in self.rows:
            self.terms[row["license_number"]].append(dict(
                account=row["account"], filed=american(row["application_requirements_complete"]),
                begins=american(row["license_term_start_date"]), expires=american(row["license_term_expiration_date"]),
                issued=american(row["date_issued"]), status=row["license_status"],
                changed=american(row["license_status_change_date"])))

    def therapists(self):
        names = {row["account"]: row["business_name"] for row in self.rows}
        return [therapist_row(f"CH-{account}", name) for account, name in sorted(names.items())]

    def on(self, day):
        """The licenses as the city's office knew them on a day: of the terms issued by then the last one counts; a
        later term that was applied for, and not issued, is a renewal on its way."""
        rows = []
        for number, terms in sorted(self.terms.items()):
            known = sorted((t for t in terms if t["issued"] <= day), key=lambda t: (t["expires"], t["issued"]))
            if not known:
                continue
            now, first = known[-1], known[0]
            filed = [t["filed"] for t in terms if t["issued"] > day and t["expires"] > now["expires"]
                     and t["filed"] and t["filed"] <= day]
            status, status_on = "active", ""
            if now["status"] in ("AAC", "REV") and now["changed"] <= day:
                # Canceled by its holder, or revoked: the first is given up, the second has ended before its time.
                status, status_on = ("surrendered" if now["status"] == "AAC" else "lapsed"), now["changed"]
            elif filed:
                status, status_on = "renewal_submitted", min(filed)
            rows.append(license_row(f"CH-{number}", f"CH-{now['account']}", "IL", now["expires"],
                                    issued_on=first["begins"] or "", status=status, status_on=status_on))
        return rows


def new_york(folder):
    """(therapists, licenses): one driver, one license. The name stands as LAST,FIRST[,M]."""
    rows = read(pathlib.Path(folder) / "drivers.csv")
    return ([therapist_row(f"NY-{r['license_number']}", " ".join(r["name"].split(",")[1:2] + r["name"].split(",")[:1]))
             for r in rows],
            [license_row(f"NY-{r['license_number']}", f"NY-{r['license_number']}", "NY", american(r["expiration_date"]))
             for r in rows])


def california(folder):
    """(therapists, licenses): the operator is the holder, and one operator has many. The column `state` is misspelled or
    empty in three rows ('Ca', 'C', ''); the license is California's all the same: the department licenses no other."""
    rows = read(pathlib.Path(folder) / "facilities.csv")
    number = {name: f"CA-{n:04}" for n, name in enumerate(sorted({r["legal_entity"] for r in rows}))}
    return ([therapist_row(key, name) for name, key in number.items()],
            [license_row(f"CA-{r['license_number']}", number[r["legal_entity"]], "CA", r["license_expiration"])
             for r in rows])


# A master's license is none of the types ticklerd knows (LSW is a bachelor's): it is `other`.
COMPACT_TYPES = {"licensed clinical social worker": "LCSW", "licensed master social worker": "other"}
COMPACT_STATES = {("active", "ACTIVE_IN_RENEWAL"): "renewal_submitted", ("inactive", "EXPIRED"): "lapsed"}


def compact(path):
    """(therapists, licenses) of an upload. Columns that the format does not have are passed on under their name."""
    therapists, licenses = [], []
    for n, r in enumerate(read(path), 1):
        therapists.append(therapist_row(f"T-{n}", f"{r['givenName']} {r['middleName']} {r['familyName']}"))
        state = r["licenseStatus"]
        row = license_row(f"{r['licenseNumber']}", f"T-{n}", r["homeAddressState"].upper(), r["dateOfExpiration"],
                          type=COMPACT_TYPES.get(r["licenseType"], r["licenseType"]), issued_on=r["dateOfIssuance"],
                          status=COMPACT_STATES.get((state, r.get("licenseStatusName")), state),
                          status_on=r["dateOfRenewal"])
        licenses.append({**row, **{k: r[k] for k in r if k == "foo"}})
    return therapists, licenses
