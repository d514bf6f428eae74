"""`tickler demo`: the same for the same seed and day, imported whole at every size, with its trouble where it says."""
import csv
import datetime as dt
import hashlib
import re
import sys

import house as support
from house import House

DAY = dt.date(2027, 3, 10)


def make(house, name, *options):
    folder = house.root / name
    words = house.tickler("demo", "--out", folder, "--as-of", DAY, *options)
    return folder, {what: int(count) for count, what in re.findall(r"^ +(\d+) (.*)$", words, re.M)}


def digest(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def rows(folder, entity):
    with open(folder / f"{entity}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_same_again(house):
    one, other = make(house, "one")[0], make(house, "other")[0]
    assert digest(one) == digest(other)
    assert digest(make(house, "seed", "--seed", "2")[0]) != digest(one)


def test_every_size_is_taken(house):
    for count in (1, 2, 7, 40):
        folder, _ = make(house, f"size{count}", "--therapists", count)
        assert len(rows(folder, "therapists")) == count
        words = house.tickler("import", "--dir", folder, "--dry-run")
        assert words.count("refused 0") == 15, words


def test_the_agency(house):
    folder, planted = make(house, "agency")
    words = house.tickler("import", "--dir", folder)
    assert words.count("refused 0") == 15 and len(words.splitlines()) == 15, words
    assert words.count("imported 0") == 1, words  # the agency itself was there
    again = house.tickler("import", "--dir", folder)
    assert again.count("imported 0, updated 0") == 15, again
    one = house.one
    assert (one("SELECT count(*) FROM therapist"), one("SELECT count(*) FROM facility"), one("SELECT count(*) FROM payer")) == (300, 60, 40)
    assert one("SELECT count(DISTINCT type) FROM facility") == 7
    assert one("SELECT count(DISTINCT role) FROM contact") == 4
    assert one("SELECT count(DISTINCT status) FROM license") == 5
    assert one("SELECT count(DISTINCT status) FROM placement") == 4
    assert one("SELECT count(DISTINCT status) FROM panel_application") == 7
    assert one("SELECT count(*) FROM license WHERE depends_on_id IS NOT NULL") > 50
    expired = one("""SELECT count(DISTINCT l.license_id) FROM license l JOIN placement p USING (agency_id, therapist_id)
        WHERE l.expires_on < %s AND l.status = 'active' AND placement_is_live(p, %s)""", DAY, DAY)
    assert expired == planted["licenses expired while their therapist works"] == 3
    gaps = one("""SELECT count(*) FROM placement p JOIN placement_payer y USING (agency_id, placement_id)
        WHERE p.status = 'active' AND NOT EXISTS (SELECT FROM panel_application a WHERE a.agency_id = p.agency_id
        AND a.therapist_id = p.therapist_id AND a.payer_id = y.payer_id AND a.status = 'approved')""")
    assert gaps == planted["insured placements without a panel for one of their payers"]
    assert one("SELECT count(*) FROM placement WHERE status = 'offer' AND start_on > %s", DAY) >= 8


def test_some_hours_later(house):
    words = house.tickler("import", "--dir", house.root / "agency/later")
    assert "licenses: imported 0, updated 3, unchanged 0" in words and "placements: imported 0, updated 4, unchanged 0" in words, words
    assert house.one("SELECT count(*) FROM placement_start") == 2, "two starts have moved"
    house.tickler("import", "--dir", house.root / "agency")


def test_documents(house):
    for paper in ("placement_agreement", "orientation", "credentialing"):
        pdf = (house.root / f"agency/documents/{paper}.pdf").read_bytes()
        assert pdf.startswith(b"%PDF-1.4\n") and pdf.endswith(b"%%EOF\n")
        table = int(pdf.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
        assert pdf[table:].startswith(b"xref\n0 6\n")
        for number, line in enumerate(pdf[table:].split(b"\n")[3:8], 1):
            assert pdf[int(line[:10]):].startswith(b"%d 0 obj\n" % number)


def test_the_first_day_is_an_office_day(house):
    """A few dozen letters and tasks for each room, not thousands."""
    plan = house.json("plan", "--as-of", DAY)
    count = {}
    for line in plan:
        count[line["worker"]] = count.get(line["worker"], 0) + 1
    print(f"  {count}")
    assert count and all(2 <= n <= 300 for n in count.values()), count


def main():
    with House() as house:
        house.init()
        house.start()
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(house)
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    sys.exit(main())
