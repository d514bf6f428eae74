"""`tickler report payers`: medians and percentiles of a made-up history against Python's own."""
import datetime as dt
import random
import sys

import house as support
from house import House

AS_OF = dt.date(2027, 6, 30)
DAY = dt.timedelta(days=1)


def history(dice):
    """Rows of applications: payers with 0, 4, 5, 6 and 60 decisions, some of them after the day of the report."""
    rows = []
    for payer, decided, pending in (("P-NONE", 0, 6), ("P-FOUR", 4, 3), ("P-FIVE", 5, 5), ("P-SIX", 6, 0), ("P-SIXTY", 60, 30),
                                    ("P-IDLE", 0, 0)):
        for n in range(decided + pending + 3 * (decided > 0)):
            submitted = AS_OF - DAY * dice.randint(1, 400)
            row = dict(application=f"{payer}-{n:02}", therapist=f"T-{n % 7}", payer=payer, submitted_on=submitted,
                       status=dice.choice(["submitted", "in_review"]), status_on="")
            if n < decided:  # decided by the day of the report
                row |= dict(status="denied" if n % 5 == 0 else "approved", submitted_on=AS_OF - DAY * (n + 200),
                            status_on=AS_OF - DAY * (n + 200) + DAY * dice.randint(20, 199))
            elif n >= decided + pending:  # later: one approved, one withdrawn, and one not submitted yet
                later = n - decided - pending
                row |= [dict(status="approved", status_on=AS_OF + DAY), dict(status="withdrawn", status_on=AS_OF + DAY * 9),
                        dict(submitted_on=AS_OF + DAY, status="submitted")][later]
            rows.append(row)
    return rows


def percentile(values, share):
    """Linear between the two nearest, as numpy and spreadsheets do."""
    values, at = sorted(values), share * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def expected(rows):
    by_payer, beyond = {}, []
    for payer in sorted({r["payer"] for r in rows}):
        own = [r for r in rows if r["payer"] == payer and r["submitted_on"] <= AS_OF]
        days = [(r["status_on"] - r["submitted_on"]).days for r in own
                if r["status"] in ("approved", "denied") and r["status_on"] <= AS_OF]
        pending = [r for r in own if r["status"] in ("submitted", "in_review") or (r["status_on"] and r["status_on"] > AS_OF)]
        usual = percentile(days, 0.9) if len(days) >= 5 else 180
        late = [r for r in pending if (AS_OF - r["submitted_on"]).days > usual]
        by_payer[payer] = (len(days), percentile(days, 0.5) if days else None, percentile(days, 0.9) if days else None,
                           len(pending), max(((AS_OF - r["submitted_on"]).days for r in pending), default=None), usual, len(late))
        beyond += [((AS_OF - r["submitted_on"]).days, r["application"]) for r in late]
    return by_payer, sorted(beyond, key=lambda one: (-one[0], one[1]))


def near(text, value):
    return text is None if value is None else abs(float(text) - value) <= 0.0501


def main():
    rows = history(random.Random(7))
    with House() as house:
        folder = house.root / "data"
        folder.mkdir()
        support.write_csv(folder / "therapists.csv", [dict(therapist=f"T-{n}", name=f"Therapist {n}") for n in range(7)])
        support.write_csv(folder / "payers.csv", [dict(payer=p, name=f"Payer {p}") for p in
                                                  sorted({r["payer"] for r in rows} | {"P-IDLE"})])
        support.write_csv(folder / "panel_applications.csv", rows)
        house.init()
        house.start()
        house.tickler("import", "--dir", folder)
        printed = house.json("report", "payers", "--as-of", AS_OF)
        by_payer, beyond = expected(rows)
        ours = {r["payer"]: r for r in printed if "decided" in r}
        assert set(ours) == set(by_payer), (set(ours), set(by_payer))
        for payer, (decided, median, p90, pending, oldest, usual, late) in by_payer.items():
            row = ours[payer]
            assert (row["decided"], row["pending"], row.get("oldest_days"), row["beyond"]) == (decided, pending, oldest, late), \
                (row, by_payer[payer])
            assert near(row.get("median_days"), median) and near(row.get("p90_days"), p90) and near(row["usual_days"], usual), \
                (row, by_payer[payer])
        listed = [(r["days"], r["application"]) for r in printed if "application" in r]
        assert listed == beyond and len(beyond) > 10, (listed, beyond)
        text = house.tickler("report", "payers", "--as-of", AS_OF)
        assert "files that take longer than their payer's usual" in text and "P-SIXTY" in text, text
        refused = house.tickler("report", "weather", check=False)
        assert refused.returncode == 2 and "aging or payers" in refused.stderr, refused
        print(f"{len(by_payer)} payers and {len(beyond)} late files equal Python's percentiles")


if __name__ == "__main__":
    support.leave_root()
    sys.exit(main())
