#!/usr/bin/python3
"""map_payers.py PAYERS.csv APPLICATIONS.csv FOLDER: the clearinghouse's payer list and the credentialing sample as files that
`tickler import` reads.

Every payer id becomes a payer under its first name; what its notes say, over several lines, stands where the portal does. A
third of them have an address. The applications name no payer: each goes to one of the first dozen that want enrollment, by
a hash of the provider. A provider becomes a therapist with one license of their state and papers dated around the
application; every third has a placement that bills the payer from 60 days after.

A completed application was approved on its day; a rejected one denied, and one whose documents are pending asked about,
`turnaround_days` after it came; what is on hold is paused from that day for a month; verification and committee are in
review.
"""
import csv
import datetime as dt
import pathlib
import sys
import zlib

DAY = dt.timedelta(days=1)
KINDS = ["cmhc", "inpatient_psychiatric", "php", "iop", "school", "correctional", "telehealth"]
STATES = {"Completed": "approved", "Rejected": "denied", "Pending Documents": "info_requested", "On Hold": "submitted",
          "In Verification": "in_review", "Committee Review": "in_review"}


def write(folder, name, rows):
    with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def chance(text, n):
    return zlib.crc32(text.encode()) % n


def payers_of(rows):
    found, notes = {}, {}
    for row in rows:
        ident = row["PAYER ID"].strip()
        notes[ident] = notes.get(ident) or row["NOTES"].strip()
        found.setdefault(ident, dict(payer=ident, name=row["PAYER NAME"].strip(),
                                     email=f"enroll{len(found)}@payer.example" if chance(ident, 3) == 0 else "",
                                     phone="555-0140" if chance(ident, 2) else ""))
    return [row | {"portal_url": notes[ident]} for ident, row in found.items()]


def application_of(row, payer):
    filed = dt.date.fromisoformat(row["received_date"])
    status = STATES[row["status"]]
    looked = filed + int(row["turnaround_days"]) * DAY
    on = row["completed_date"] if status == "approved" else "" if status == "submitted" else looked
    return dict(application=f"A-{row['provider_id']}", therapist=row["provider_id"], payer=payer, submitted_on=filed,
                status=status, status_on=on,
                effective_on=dt.date.fromisoformat(on) + chance(row["provider_id"], 30) * DAY if status == "approved" else "",
                revalidate_on=filed + (120 + chance(row["provider_id"], 200)) * DAY if status == "approved" else "",
                reference=f"REF {row['provider_id']}")


def main(payers_csv, applications_csv, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    listed, rows = read(payers_csv), read(applications_csv)
    dozen = list(dict.fromkeys(r["PAYER ID"].strip() for r in listed if r["ENROLLMENT"] == "Yes"))[:12]
    payer = {r["provider_id"]: dozen[chance(r["provider_id"], 12)] for r in rows}
    filed = {r["provider_id"]: dt.date.fromisoformat(r["received_date"]) for r in rows}
    write(folder, "payers", payers_of(listed))
    write(folder, "facilities", [dict(facility=f"F-{kind}", name=f"Clinic {kind}", type=kind) for kind in KINDS])
    write(folder, "therapists", [dict(therapist=p, name=r["provider_name"], email=f"{p.lower()}@therapist.example",
                                      caqh_attested_on=filed[p] - chance("c" + p, 110) * DAY,
                                      insurance_expires_on=filed[p] + chance("i" + p, 365) * DAY)
                                 for r in rows for p in [r["provider_id"]]])
    write(folder, "licenses", [dict(license=f"L-{p}", therapist=p, state=r["state"], type="LCSW", issued_on="2020-01-01",
                                    expires_on=filed[p] + chance("l" + p, 400) * DAY, status="active")
                               for r in rows for p in [r["provider_id"]]])
    write(folder, "placements", [dict(placement=f"PL-{p}", therapist=p, facility=f"F-{KINDS[chance(p, 7)]}",
                                      start_on=filed[p] + 60 * DAY, status="active", insurance_billing="true", payers=payer[p],
                                      end_on=filed[p] + 150 * DAY if chance(p, 2) else "")
                                 for p in payer if chance("p" + p, 3) == 0])
    write(folder, "panel_applications", [application_of(r, payer[r["provider_id"]]) for r in rows])
    write(folder, "holds", [dict(hold=f"H-{r['provider_id']}", about="application", id=f"A-{r['provider_id']}", kind="pause",
                                 from_on=filed[r["provider_id"]] + int(r["turnaround_days"]) * DAY,
                                 until_on=filed[r["provider_id"]] + (int(r["turnaround_days"]) + 30) * DAY, reason="on hold")
                            for r in rows if r["status"] == "On Hold"])


if __name__ == "__main__":
    main(*sys.argv[1:])
