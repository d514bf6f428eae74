#!/usr/bin/python3
"""map_ar_invoices.py INPUT.csv FOLDER: the accounts-receivable sample as files that `tickler import` reads.

Knows both shapes of the ledger: month-first dates with ten-digit invoice numbers, and day-first zero-padded dates with the
leading zeros lost. A customer becomes a facility (its kind chosen by a hash of its id) with one billing contact; a settled
invoice a payment on its day; a disputed one a dispute from five days before the due date, for twenty days.
"""
import csv
import datetime as dt
import pathlib
import sys
import zlib

KINDS = ["cmhc", "inpatient_psychiatric", "php", "iop", "school", "correctional", "telehealth"]


def reader_of_dates(rows):
    """A function that reads a date; which number is the day shows in those over 12."""
    first = {int(row["DueDate"].split("/")[0]) for row in rows}
    order = (2, 1, 0) if max(first) > 12 else (2, 0, 1)

    def read(text):
        parts = [int(p) for p in text.split("/")]
        return dt.date(*(parts[i] for i in order))
    return read


def write(folder, name, rows):
    with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(source, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(source, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    date = reader_of_dates(rows)
    for row in rows:
        row["number"] = row["invoiceNumber"].zfill(10)
    rows.sort(key=lambda row: row["number"])
    customers = sorted({row["customerID"] for row in rows})
    write(folder, "facilities", [dict(facility=c, name=f"Customer {c}", type=KINDS[zlib.crc32(c.encode()) % 7])
                                 for c in customers])
    write(folder, "contacts", [dict(contact=f"C-{c}", facility=c, name=f"Accounts {c}",
                                    email=f"ap@{c.lower()}.example", role="billing") for c in customers])
    write(folder, "invoices", [dict(invoice=r["number"], facility=r["customerID"], issued_on=date(r["InvoiceDate"]),
                                    due_on=date(r["DueDate"]), amount=f"{float(r['InvoiceAmount']):.2f}") for r in rows])
    write(folder, "payments", [dict(payment=f"P-{r['number']}", invoice=r["number"], facility=r["customerID"],
                                    received_on=date(r["SettledDate"]), amount=f"{float(r['InvoiceAmount']):.2f}")
                               for r in rows])
    day = dt.timedelta(days=1)
    write(folder, "holds", [dict(hold=f"D-{r['number']}", about="invoice", id=r["number"], kind="dispute",
                                 from_on=date(r["DueDate"]) - 5 * day, until_on=date(r["DueDate"]) + 15 * day,
                                 reason="disputed") for r in rows if r["Disputed"] == "Yes"])


if __name__ == "__main__":
    main(*sys.argv[1:])
