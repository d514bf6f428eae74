"""The document store: what `tickler document` takes and refuses, and that a letter never goes without its attachment: not when
a document is missing, not when its file is gone or was altered by one byte; and that it goes as soon as it is there again."""
import datetime as dt
import email
import email.policy
import hashlib
import sys
import zoneinfo

import house as support
from house import House

WORKER = "onboarding_packet"
IDS = ("placement_agreement", "orientation", "credentialing")


def today():
    """The day it is for the agency, or the Friday before."""
    day = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    return day - dt.timedelta(days=max(day.weekday() - 4, 0))


def import_office(house):
    """A therapist and a facility for each case; every offer was just signed."""
    folder = house.root / "data"
    folder.mkdir()
    cases = ["missing", "own"]
    support.write_csv(folder / "therapists.csv", [dict(therapist=f"T-{c}", name=f"Dana {c}", email=f"{c}@t.example")
                                                  for c in cases])
    support.write_csv(folder / "facilities.csv", [dict(facility=f"F-{c}", name=f"Clinic {c}", type="php") for c in cases])
    support.write_csv(folder / "contacts.csv", [dict(contact=f"C-{c}", facility=f"F-{c}", name=f"Holly {c}",
                                                     email=f"hr-{c}@f.example", role="hr") for c in cases])
    support.write_csv(folder / "placements.csv", [
        dict(placement=f"P-{c}", therapist=f"T-{c}", facility=f"F-{c}", offer_signed_on=today(),
             start_on=today() + dt.timedelta(days=60), status="offer") for c in cases])
    house.tickler("import", "--dir", folder)


def file_of(house, name, content):
    path = house.root / name
    path.write_bytes(content)
    return path


def refused(house, *words):
    done = house.tickler("document", *words, check=False)
    assert done.returncode == 1, (words, done)
    return done.stderr


def check_refusals(house):
    def add(name, content, ident="x"):
        return refused(house, "add", file_of(house, name, content), "--id", ident)
    assert "is empty" in add("empty.txt", b"")
    assert "does not go with letters" in add("run.exe", b"MZ")
    assert "does not go with letters" in add("nothing", b"text")
    assert "not that of a .pdf file" in add("false.pdf", b"<html>")
    assert "not that of a .txt file" in add("false.txt", b"\xff\xfe\x00")
    assert "at most 10 MB" in add("large.txt", b"x" * (10 * 1024 * 1024 + 1))
    assert "letters, digits" in add("good.txt", b"text", "../secret")
    assert "letters, digits" in add("good.txt", b"text", ".hidden")
    assert "name is not for a letter" in add("two\nlines.txt", b"text")
    assert "No such file" in refused(house, "add", house.root / "absent.txt", "--id", "x")
    assert "is no file" in refused(house, "add", house.root, "--id", "x")
    for words in (["add"], ["add", "a.txt"], ["remove", "x"], []):
        assert house.tickler("document", *words, check=False).returncode == 2, words
    assert house.one("SELECT count(*) FROM document") == 0


def check_list(house):
    """What a packet asks for and nobody has added is named, too."""
    listed = {row["document"]: row["state"] for row in house.json("document", "list")}
    assert listed == {ident: "is not in the store" for ident in IDS}, listed
    content = b"%PDF-1.7 largest that goes" + b"x" * (10 * 1024 * 1024 - 26)
    added, = house.json("document", "add", file_of(house, "largest.pdf", content), "--id", "spare")
    assert added["size"] == 10 * 1024 * 1024 and added["changed"] and added["sha256"] == hashlib.sha256(content).hexdigest()
    stored = house.dir / "documents" / added["sha256"]
    assert stored.read_bytes() == content and stored.stat().st_mode & 0o777 == 0o600
    said = house.tickler("document", "add", house.root / "largest.pdf", "--id", "spare")
    assert "as before" in said and "no item of config/rules/packets.yaml names spare" in said, said
    assert house.one("SELECT count(*) FROM event WHERE kind = 'document.added' AND about = 'document:spare'") == 1


def plan(house):
    house.tickler("run", WORKER)


def packets(house):
    """{address: {file name: bytes}} of the letters that left."""
    found = {}
    for path in house.maildir():
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        files = {part.get_filename(): part.get_content() for part in letter.iter_attachments()}
        found[letter["to"].addresses[0].addr_spec] = files
    return found


def waiting(house):
    return dict(house.sql("SELECT step || ' ' || subject, reason FROM job WHERE worker = %s AND reason LIKE 'document%%'",
                          WORKER))


def open_tasks(house):
    return [row[0] for row in house.sql("SELECT title FROM task WHERE step = 'document' AND state = 'open' ORDER BY 1")]


def check_missing(house):
    """An agency that has added nothing: a clear task for each document, no letter, and our own items go on."""
    plan(house)
    house.wait(lambda: len(waiting(house)) == 4, "all four packets to wait")
    assert set(waiting(house).values()) == {"document placement_agreement is not in the store",
                                            "document credentialing is not in the store"}, waiting(house)
    assert open_tasks(house) == ["Document credentialing is not in the store",
                                 "Document placement_agreement is not in the store"]
    reason = house.one("SELECT reason FROM task WHERE title LIKE 'Document cred%%' AND step = 'document'")
    assert "tickler document add FILE --id credentialing" in reason, reason
    assert packets(house) == {}
    assert house.one("SELECT count(*) FROM task WHERE step = 'agency_items'") == 2


def check_altered_and_gone(house):
    """Adding lets the letters be looked at again at once: the next thing that is wrong stops them."""
    agreement = file_of(house, "agreement.txt", b"placement agreement, version 1\n")
    added, = house.json("document", "add", agreement, "--id", "placement_agreement")
    assert added["letters_released"] == 2, added
    house.wait(lambda: sum("orientation is not in" in r for r in waiting(house).values()) == 2, "the next missing one")
    assert open_tasks(house) == ["Document credentialing is not in the store", "Document orientation is not in the store"]
    # One byte of the first is altered, and then its file is gone, before the other is added.
    stored = house.dir / "documents" / added["sha256"]
    content = bytearray(stored.read_bytes())
    content[3] ^= 1
    stored.write_bytes(content)
    house.tickler("document", "add", file_of(house, "orientation.txt", b"orientation\n"), "--id", "orientation")
    house.wait(lambda: sum("agreement was altered" in r for r in waiting(house).values()) == 2, "the altered one")
    assert "Document placement_agreement was altered in the store" in open_tasks(house)
    states = {row["document"]: row["state"] for row in house.json("document", "list")}
    assert states["placement_agreement"] == "was altered in the store" and states["orientation"] == "good", states
    stored.unlink()
    house.tickler("document", "add", house.root / "orientation.txt", "--id", "orientation")
    states = {row["document"]: row["state"] for row in house.json("document", "list")}
    assert states["placement_agreement"] == "is missing from the store", states
    assert packets(house) == {}
    # A rehearsal carries the real documents, and waits for what is not good as the office would.
    first, last = dt.date(2028, 1, 3), dt.date(2028, 1, 4)
    house.sql("UPDATE placement SET offer_signed_on = %s, start_on = %s WHERE ext_id = 'P-own'", first, dt.date(2028, 3, 1))
    rehearsed = house.json("rehearse", "--from", first, "--to", last)
    assert not [e for e in rehearsed if e["step"] == "packet_therapist" and e["effect"] == "message"]
    house.sql("UPDATE placement SET offer_signed_on = %s, start_on = %s WHERE ext_id = 'P-own'", today(),
              today() + dt.timedelta(days=60))


def check_recovery(house):
    """The same file again mends the store; the therapist's own file wins over the agency's."""
    house.tickler("document", "add", house.root / "agreement.txt", "--id", "placement_agreement")
    house.wait(lambda: {"missing@t.example", "own@t.example"} <= packets(house).keys(), "the therapists' packets")
    assert packets(house)["own@t.example"] == {"agreement.txt": "placement agreement, version 1\n",
                                               "orientation.txt": "orientation\n"}
    assert "hr-own@f.example" not in packets(house)
    said = house.tickler("document", "add", file_of(house, "dana.txt", b"license of Dana\n"), "--id", "credentialing.T-own")
    assert "no item" not in said, said
    house.wait(lambda: "hr-own@f.example" in packets(house), "the packet with the therapist's own file")
    assert packets(house)["hr-own@f.example"] == {"dana.txt": "license of Dana\n"}
    assert open_tasks(house) == ["Document credentialing is not in the store"] and "hr-missing@f.example" not in packets(house)
    house.tickler("document", "add", file_of(house, "agency.txt", b"the agency's\n"), "--id", "credentialing")
    house.wait(lambda: "hr-missing@f.example" in packets(house), "the last packet")
    assert packets(house)["hr-missing@f.example"] == {"agency.txt": "the agency's\n"}
    assert open_tasks(house) == [] and waiting(house) == {}
    withdrawn = house.sql("SELECT note FROM task WHERE step = 'document' AND state = 'withdrawn'")
    assert len(withdrawn) == 4 and set(withdrawn) == {("the document is in the store",)}, withdrawn


def check_new_version(house):
    """A new version goes with later letters; the old bytes stay, and each change has its event."""
    house.tickler("document", "add", file_of(house, "agreement.txt", b"placement agreement, version 2\n"), "--id",
                  "placement_agreement")
    assert house.one("SELECT count(*) FROM document WHERE ext_id = 'placement_agreement'") == 1
    assert house.one("SELECT count(*) FROM event WHERE about = 'document:placement_agreement'") == 2
    folder = house.root / "later"
    folder.mkdir()
    support.write_csv(folder / "placements.csv", [
        dict(placement="P-later", therapist="T-own", facility="F-missing", offer_signed_on=today(),
             start_on=today() + dt.timedelta(days=60), status="offer")])
    house.tickler("import", "--dir", folder)
    house.sql("UPDATE spent SET day = day - 1")  # this room writes to one party once a day
    seen = set(house.maildir())
    plan(house)
    house.wait(lambda: len(set(house.maildir()) - seen) == 2, "the packet of the later placement")
    new = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in set(house.maildir()) - seen]
    agreement, = [part.get_content() for m in new for part in m.iter_attachments() if part.get_filename() == "agreement.txt"]
    assert agreement == "placement agreement, version 2\n"


def main():
    support.leave_root()
    with House() as house:
        house.init()
        support.open_window(house)
        for path in (house.dir / "config/schedules").glob("*.yaml"):
            if path.stem != "invoice_escalation":  # no plan but those that the test asks for
                house.edit(path, lambda document: document.update(run="0 3 1 1 *"))
        house.schedule(WORKER, calendar="weekends")
        house.start()
        house.wait(lambda: house.one("SELECT count(*) FROM packet_rule") > 0, "the rules to be in force")
        check_refusals(house)
        check_list(house)
        import_office(house)
        check_missing(house)
        check_altered_and_gone(house)
        check_recovery(house)
        check_new_version(house)
        assert house.tickler("audit", "verify")
    print("documents: ok")


if __name__ == "__main__":
    sys.exit(main())
