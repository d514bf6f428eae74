"""`tickler import`: good files of every shape, and each bad one with its place, its reason and nothing half done."""
import sys
import time

import house as support
from house import House

FACILITIES = "facility,name,type\nF-1,Cedar House,iop\nF-2,Willow,cmhc\n"
HEADER = "invoice,facility,issued_on,due_on,amount\n"


class Desk:
    def __init__(self, house):
        self.house = house

    def run(self, entity, text, *options, code=0):
        path = self.house.root / f"{entity}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        done = self.house.tickler("import", entity, path, *options, check=False)
        assert done.returncode == code, f"{text!r}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert str(path) in done.stderr or not done.stderr or code != 1, done.stderr
        return done.stdout + done.stderr.replace(str(path), "FILE")

    def refused(self, entity, text, *sentences, options=()):
        before = self.house.one("SELECT count(*) FROM invoice")
        words = self.run(entity, text, *options, code=1)
        for sentence in sentences:
            assert sentence in words, f"{sentence!r} is not in:\n{words}"
        assert self.house.one("SELECT count(*) FROM invoice") == before, "a refused file left something"


def test_good_shapes(desk):
    assert "imported 2, updated 0, unchanged 0, refused 0" in desk.run("facilities", FACILITIES)
    assert "imported 0, updated 0, unchanged 2, refused 0" in desk.run("facilities", FACILITIES)
    assert "imported 0, updated 1, unchanged 1, refused 0" in desk.run("facilities", FACILITIES.replace("Willow", "Elm"))
    row = "I-1,F-1,2027-01-01,2027-01-31,100.5\n"
    assert "imported 1" in desk.run("invoices", b"\xef\xbb\xbf" + (HEADER + row).encode().replace(b"\n", b"\r\n"))
    assert "unchanged 1" in desk.run("invoices", "amount,due_on,issued_on,facility,invoice\n100.50,2027-01-31,2027-01-01,F-1,I-1")
    desk.run("contacts", 'contact,facility,name,email,role\nC-1,F-1,"Lee, ""Pat""\nJr",pat@cedar.example,billing\n')
    assert desk.house.one("SELECT name FROM contact") == 'Lee, "Pat"\nJr'
    assert desk.house.one("SELECT amount_cents FROM invoice WHERE ext_id = 'I-1'") == 10050


def test_bad_files(desk):
    desk.refused("invoices", "", "FILE:1: the file is empty")
    desk.refused("invoices", "invoice,facility,issued_on,due_on\n", "FILE:1: the column 'amount' is missing")
    desk.refused("invoices", "invoice,facility,isued_on,due_on,amount\n", "FILE:1: unknown column 'isued_on'", "issued_on")
    desk.refused("invoices", "invoice,invoice,facility,issued_on,due_on,amount\n", "column 'invoice' stands twice")
    desk.refused("invoices", HEADER.encode() + b"I-9,F-1,2027-01-01,2027-01-31,1\xff\n", "FILE:2: a byte that is no UTF-8")
    desk.refused("invoices", HEADER + "I-9,F-1,2027-01-01,2027-01-31,1\n\\.\n", "FILE:3: a line '\\.'")
    desk.refused("invoices", HEADER + 'I-9,"F-1,2027-01-01,2027-01-31,1\n', "a quote is opened here and never closed")
    done = desk.house.tickler("import", "invoices", desk.house.root / "nowhere.csv", check=False)
    assert done.returncode == 1 and "nowhere.csv" in done.stderr
    assert "imported 0" in desk.run("invoices", HEADER)


def test_bad_rows_are_all_named(desk):
    rows = (HEADER +
            "I-2,F-1,2026-02-31,2027-01-31,100\n"
            "I-3,F-1,2027-01-01,2027-01-31,\"1,000.5\"\n"
            "I-4,F-1,2027-01-01,2027-01-31\n"
            "I-5,F-1,2027-02-01,2027-01-31,-5\n"
            ",F-1,2027-01-01,2027-01-31,5\n"
            "I-6,F-1,2027-01-01,2027-01-31,5\n"
            "I-6,F-1,2027-01-01,2027-01-31,5\n")
    desk.refused("invoices", rows, "FILE:2: issued_on: '2026-02-31' is no date", "FILE:3: amount: '1,000.5' is no amount",
                 "FILE:4: the row has 4 fields and the header 5", "FILE:5: amount: '-5' is negative",
                 "FILE:6: invoice: is empty and needed", "FILE:8: invoice: 'I-6' stands already in line 7", "refused 6")
    desk.refused("invoices", HEADER + "I-7,F-99,2027-01-01,2027-01-31,5\nI-8,F-1,2027-02-01,2027-01-31,5\n",
                 "FILE:2: facility: there is no facility 'F-99'", "FILE:3: due_on: is before issued_on")
    desk.refused("facilities", "facility,name,type\nF-3,X,iopp\n", "FILE:2: type: 'iopp' is unknown; did you mean iop?")
    desk.refused("facilities", "facility,name,type,timezone\nF-3,X,iop,Mars/Base\n", "'Mars/Base' is no time zone")
    desk.refused("facilities", "facility,name,type,parent\nF-3,X,iop,F-3\n", "parent: is the facility itself")
    desk.refused("contacts", "contact,facility,name,email,role\nC-2,F-1,A,a b@x.example,billing\n",
                 "FILE:2: email: is no mail address")
    desk.refused("contacts", 'contact,facility,name,email,role\nC-3,F-1,"A\nB",x@y.example,billing\nC-4,F-9,A,,billing\n',
                 "FILE:4: facility: there is no facility 'F-9'")
    desk.refused("payments", "payment,invoice,facility,received_on,amount\nP-1,I-1,F-2,2027-01-05,5\n",
                 "invoice: belongs to facility 'F-1', not to 'F-2'")
    desk.refused("payments", "payment,invoice,facility,received_on,amount,currency\nP-1,I-1,F-1,2027-01-05,5,EUR\n",
                 "currency: is EUR and the invoice is in USD")
    desk.refused("holds", "hold,about,id,kind,from_on,reason\nH-9,invoice,I-1,promise_to_pay,2027-01-05,x\n",
                 "until_on: is needed: a promise has a date")


def test_good_rows_and_dry_run(desk):
    rows = HEADER + "I-20,F-1,2027-01-01,2027-01-31,5\nI-21,F-1,2027-01-01,2027-02-31,5\nI-22,F-9,2027-01-01,2027-01-31,5\n"
    words = desk.run("invoices", HEADER + "I-20,F-1,2027-01-01,2027-01-31,5\n", "--dry-run")
    assert "imported 1" in words and "nothing was changed" in words
    assert desk.house.one("SELECT count(*) FROM invoice WHERE ext_id = 'I-20'") == 0
    words = desk.run("invoices", rows, "--accept-good")
    assert "imported 1, updated 0, unchanged 0, refused 2" in words, words
    assert desk.house.one("SELECT count(*) FROM invoice WHERE ext_id LIKE 'I-2%'") == 1


def test_OC_09_a_chased_invoice_is_not_canceled(desk):
    desk.house.sql("""INSERT INTO message (agency_id, message_id, worker, step, party, recipient, address, template,
        subject_line, internet_id, letter, state, claimed_by, claimed_at) VALUES (1, 1, 'invoice_escalation', 'reminder',
        'facility:F-1', 'billing:x', 'x', 't', 's', 'i', '', 'sent', 'c', '2027-02-03')""")
    desk.house.sql("""INSERT INTO message_step SELECT 1, 'invoice_escalation', invoice_id, due_on, 'reminder', 'r', 's', 1
                      FROM invoice WHERE ext_id = 'I-1'""")
    desk.refused("invoices", HEADER.strip() + ",status,status_on\nI-1,F-1,2027-01-01,2027-01-31,100.50,canceled,2027-02-05\n",
                 "issue a credit note instead of canceling it")


def test_a_folder_with_a_long_path(desk):
    """The server cuts the name of a statement at 63 bytes: two files of one long path are still two."""
    folder = desk.house.root / ("a-folder-whose-name-is-long" * 4)
    folder.mkdir()
    (folder / "facilities.csv").write_text(FACILITIES.replace("Willow", "Elm"))
    (folder / "invoices.csv").write_text(HEADER + "I-1,F-1,2027-01-01,2027-01-31,100.50\n")
    words = desk.house.tickler("import", "--dir", folder)
    assert words.count("unchanged") == 2 and "invoices: imported 0, updated 0, unchanged 1" in words, words


def test_two_agencies(desk):
    desk.run("agencies", "agency,name,timezone\nB,Second,America/Denver\n")
    desk.refused("invoices", HEADER + "I-1,F-1,2027-01-01,2027-01-31,7\n", "agency: is needed: the database holds more than one")
    desk.run("facilities", "agency,facility,name,type\nB,F-1,Other,iop\n")
    desk.run("invoices", "agency," + HEADER + "B,I-1,F-1,2027-01-01,2027-01-31,7\n")
    assert desk.house.sql("SELECT agency_id, amount_cents FROM invoice WHERE ext_id = 'I-1' ORDER BY 1") == [(1, 10050), (2, 700)]
    desk.refused("invoices", "agency," + HEADER + "B,I-2,F-2,2027-01-01,2027-01-31,7\n", "there is no facility 'F-2'")
    desk.refused("invoices", "agency," + HEADER + "Z,I-2,F-2,2027-01-01,2027-01-31,7\n", "there is no agency 'Z'")


def test_volume(desk):
    rows = [f"V-{n},F-{1 + n % 2},2027-01-01,2027-01-31,{n % 900 + 1}.25" for n in range(300_000)]
    begun = time.monotonic()
    words = desk.run("invoices", HEADER.replace("invoice,", "agency,invoice,") + "\n".join("A-1," + r for r in rows))
    assert "imported 300000" in words
    print(f"  300,000 invoices in {time.monotonic() - begun:.1f} s")
    paid = [f"A-1,VP-{n},V-{n},F-{1 + n % 2},2027-02-{1 + n % 27:02},{n % 900 + 1}.25" for n in range(100_000)]
    begun = time.monotonic()
    words = desk.run("payments", "agency,payment,invoice,facility,received_on,amount\n" + "\n".join(paid))
    assert "imported 100000" in words
    print(f"  100,000 payments in {time.monotonic() - begun:.1f} s")
    assert desk.house.one("SELECT count(*) FROM invoice WHERE ext_id LIKE 'V-%' AND settled_on < 'infinity'") == 100_000


def main():
    with House() as house:
        house.init()
        house.start()
        desk = Desk(house)
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(desk)
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
