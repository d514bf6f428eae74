"""`tickler import` of people and papers: every entity in good shapes, again, and changed; and bad input for each entity,
refused with its place and reason and nothing half imported."""
import house as support
from house import House

GOOD = {
    "agencies": "agency,name,timezone,reply_to,postal_address\nB,Second,America/Denver,office@b.example,\"1 Elm St\nAustin\"\n",
    "staff": "staff,name,email,role,timezone,skills,out_from,out_until\n"
             "R-1,Rita Moss,rita@a.example,recruiter,,,,\n"
             "V-2,Tom Reyes,tom@a.example,va,America/New_York,license_renewal; check_in,2027-03-01,2027-03-05\n",
    "facilities": "facility,name,type,timezone,terms_days,account_manager,parent,state\n"
                  "F-2,Cedar South,php,,,,F-1,TX\nF-1,Cedar House,iop,America/Chicago,45,,,TX\nF-3,Willow,telehealth,,,,,\n",
    "contacts": "contact,facility,name,email,phone,role\nC-1,F-1,Dana Fox,dana@cedar.example,555-0101,clinical_director\n"
                "C-2,F-1,Hal Ito,,555-0102,hr\nC-3,F-2,Pat Lee,pat@cedar.example,,compliance\n",
    "therapists": "therapist,name,email,phone,timezone,recruiter,caqh_attested_on,insurance_expires_on\n"
                  "T-1,Alice Ito,alice@mail.example,555-0001,America/Denver,R-1,2027-01-05,2027-12-31\n"
                  "T-2,\"Boyd, Ben\",,,,,,\n",
    # The one that depends stands before the one it depends on.
    "licenses": "license,therapist,state,type,number,issued_on,expires_on,status,status_on,depends_on,ce_by,apply_by,"
                "renewal_opens,first_renewal\n"
                "L-2,T-1,AZ,compact_privilege,P1,2025-10-01,2027-10-01,,,L-1,,,,\n"
                "L-1,T-1,TX,LPC,77,2019-05-01,2027-05-31,renewal_submitted,2027-03-02,,2027-05-01,2027-05-15,2027-02-28,false\n"
                "L-3,T-1,GA,compact_privilege,,,2027-06-30,active,,L-2,,,,true\n"
                "L-4,T-2,NY,LCSW,,2028-02-29,2028-02-29,lapsed,,,,,,\n",
    "ce_records": "ce,license,completed_on,hours,category,title\nE-1,L-1,2026-06-01,1.5,ethics,Ethics in Texas\n"
                  "E-2,L-1,2027-05-31,0.25,,\nE-3,L-1,2025-06-01,12,cultural_diversity,\n",
    "payers": "payer,name,email,phone,portal_url\nY-1,Acme Health,panel@acme.example,555-0200,https://acme.example/portal\n"
              "Y-2,\"Blue\nCross\",,555-0201,\nY 3,Spaced Id,,,\n",
    "placements": "placement,therapist,facility,license,offer_signed_on,start_on,end_on,status,insurance_billing,payers\n"
                  "PL-1,T-1,F-1,L-1,2027-01-04,2027-02-01,,active,true,Y-1; Y 3\n"
                  "PL-2,T-2,F-3,,2027-03-01,,,offer,false,\nPL-3,T-2,F-2,,,2026-01-01,2026-12-31,ended,,\n"
                  "PL-4,T-1,F-2,,2027-01-04,2027-01-04,,canceled,true,Y-2\n",
    "panel_applications": "application,therapist,payer,placement,submitted_on,status,status_on,effective_on,revalidate_on,"
                          "reference\nA-1,T-1,Y-1,PL-1,2026-11-01,approved,2027-01-20,2027-01-01,2030-01-01,R 77\n"
                          "A-2,T-1,Y-2,,,draft,,,,\nA-3,T-2,Y-1,,2027-01-10,info_requested,2027-02-01,,,\n"
                          "A-4,T-2,Y-2,,2027-01-10,in_review,,,,\n",
    "packet_items": "placement,item,status,status_on,note\nPL-2,cv,open,,\nPL-2,login,received,2027-03-03,by mail\n"
                    "PL-1,cv,waived,2027-01-05,\n",
    "invoices": "invoice,facility,issued_on,due_on,amount\nI-1,F-1,2027-01-01,2027-01-31,100.5\n",
    "payments": "payment,invoice,facility,received_on,amount,kind\nP-1,I-1,F-1,2027-02-05,50,payment\n",
    "responses": "response,about,id,by,received_on,score,answers\nQ-1,placement,PL-1,therapist,2027-03-05,0,\"caseload, unsafe\"\n"
                 "Q-2,placement,PL-1,facility,2027-03-06,10,\nQ-3,license,L-1,T-1,2027-03-06,,sent the form\n"
                 "Q-4,application,A-1,Acme,2027-03-06,,\n",
    "holds": "hold,about,id,kind,from_on,until_on,amount,reason,by\nH-1,therapist,T-2,do_not_contact,2027-01-01,,,on leave,R-1\n"
             "H-2,placement,PL-1,pause,2027-01-01,2027-02-01,,asked,\nH-3,license,L-1,pause,2027-01-01,2027-02-01,,asked,\n"
             "H-4,application,A-1,pause,2027-01-01,2027-02-01,,asked,\n",
}
TABLES = {"agencies": "agency", "staff": "staff", "facilities": "facility", "contacts": "contact", "therapists": "therapist",
          "licenses": "license", "ce_records": "ce_record", "payers": "payer", "placements": "placement",
          "panel_applications": "panel_application", "packet_items": "packet_item", "invoices": "invoice",
          "payments": "payment", "responses": "response", "holds": "hold"}

# entity: (rows under the header of GOOD, sentences)
BAD = {
    "agencies": [("Z,Zed,Mars/Base,,\n", "FILE:2: timezone: 'Mars/Base' is no time zone"),
                 ("Z,,America/Denver,,\n", "FILE:2: name: is empty and needed"),
                 ("Z,Zed,America/Denver,no address,\n", "FILE:2: reply_to: is no mail address"),
                 ("Z,Zed,America/Denver,,\nZ,Zed,America/Denver,,\n", "FILE:3: agency: 'Z' stands already in line 2")],
    "staff": [("S-9,Ann,ann@a.example,recruter,,,,\n", "FILE:2: role: 'recruter' is unknown; did you mean recruiter?"),
              ("S-9,Ann,,va,,,,\n", "FILE:2: email: is empty and needed"),
              ("S-9,Ann,ann@a.example,va,,,2027-03-05,2027-03-01\n", "FILE:2: out_until: is before out_from")],
    "facilities": [("F-9,X,iopp,,,,,\n", "FILE:2: type: 'iopp' is unknown; did you mean iop?"),
                   ("F-9,X,iop,,,,,QQ\n", "FILE:2: state: 'QQ' is unknown; allowed are AL, AK"),
                   ("F-9,X,iop,,,AM-77,,\n", "FILE:2: account_manager: there is no staff 'AM-77'"),
                   ("F-9,X,iop,,many,,,\n", "FILE:2: terms_days: a whole number is expected"),
                   ("F-9,X,iop,,,,F-77,\n", "FILE:2: parent: there is no facility 'F-77'")],
    "contacts": [("C-9,F-77,A,,,hr\n", "FILE:2: facility: there is no facility 'F-77'"),
                 ("C-9,F-1,A,,,clinical director\n", "did you mean clinical_director?"),
                 ("C-9,F-1,A,a b@x.example,,hr\n", "FILE:2: email: is no mail address")],
    "therapists": [("T-9,X,,,,R-77,,\n", "FILE:2: recruiter: there is no staff 'R-77'"),
                   ("T-9,,,,,,,\n", "FILE:2: name: is empty and needed"),
                   ("T-9,X,,,Americ/Denver,,,\n", "FILE:2: timezone: 'Americ/Denver' is no time zone"),
                   ("T-9,X,,,,,2027-02-29,\n", "FILE:2: caqh_attested_on: '2027-02-29' is no date"),
                   ("T-9,X,,,,,,\nT-9,Y,,,,,,\n", "FILE:3: therapist: 'T-9' stands already in line 2")],
    "licenses": [("L-9,T-1,Tx,LPCX,,,2027-01-01,,,,,,,\n", "FILE:2: state: 'Tx' is unknown; did you mean TX?",
                  "FILE:2: type: 'LPCX' is unknown; did you mean LPC", "refused 1"),
                 ("L-9,T-1,TX,LPC,,2027-02-01,2027-01-31,,,,,,,\n", "FILE:2: expires_on: is before issued_on"),
                 ("L-9,T-77,TX,LPC,,,2027-01-31,,,,,,,\n", "FILE:2: therapist: there is no therapist 'T-77'"),
                 ("L-9,T-1,TX,LPC,,,2027-01-31,renewed,,,,,,\n", "FILE:2: status_on: is needed with status renewed"),
                 ("L-9,T-1,TX,LPC,,,2027-01-31,expired,,,,,,\n", "FILE:2: status: 'expired' is unknown"),
                 ("L-9,T-1,TX,LPC,,,31.1.2027,,,,,,,\n", "FILE:2: expires_on: '31.1.2027' is no date; write YYYY-MM-DD"),
                 ("L-9,T-1,TX,LPC,,,,,,,,,,\n", "FILE:2: expires_on: is empty and needed"),
                 ("L-9,T-1,TX,LPC,,,2027-01-31,,,L-77,,,,\n", "FILE:2: depends_on: there is no license 'L-77'"),
                 ("L-9,T-1,TX,LPC,,,2027-01-31,,,L-9,,,,\n", "FILE:2: depends_on: is the license itself"),
                 ("L-9,T-2,TX,LPC,,,2027-01-31,,,L-1,,,,\n", "FILE:2: depends_on: belongs to therapist 'T-1', not to 'T-2'"),
                 ("L-8,T-1,TX,LPC,,,2027-01-31,,,L-9,,,,\nL-9,T-1,TX,LPC,,,2027-01-31,,,L-8,,,,\n",
                  "FILE:2: depends_on: goes round in a circle", "FILE:3: depends_on: goes round in a circle", "refused 2"),
                 # L-3 -> L-2 -> L-1 stand already: this would close the circle.
                 ("L-1,T-1,TX,LPC,,,2027-05-31,,,L-3,,,,\n", "FILE:2: depends_on: goes round in a circle"),
                 ("L-9,T-1,TX,LPC,,,2027-01-31,,,,2027-02-01,2027-02-02,2027-02-03,\n", "FILE:2: ce_by: is after expires_on",
                  "FILE:2: apply_by: is after expires_on", "FILE:2: renewal_opens: is after expires_on", "refused 1"),
                 ("L-9,T-1,TX,LPC,,,2027-01-31,,,,,,,yes\n", "FILE:2: first_renewal: 'yes' is unknown"),
                 ("L-1,T-2,TX,LPC,,,2027-05-31,,,,,,,\n", "placement 'PL-1' of therapist 'T-1' rests on this license")],
    "ce_records": [("E-9,L-1,2027-06-01,3,,\n", "FILE:2: completed_on: is after the cycle of the license, which ends on 2027-05-31"),
                   ("E-9,L-77,2027-01-01,3,,\n", "FILE:2: license: there is no license 'L-77'"),
                   ("E-9,L-1,2027-01-01,0,,\n", "FILE:2: hours: must be more than zero"),
                   ("E-9,L-1,2027-01-01,-2,,\n", "FILE:2: hours: '-2' is negative"),
                   ("E-9,L-1,2027-01-01,\"1,5\",,\n", "FILE:2: hours: '1,5' is no number of hours; write 1.5"),
                   ("E-9,L-1,2027-01-01,501,,\n", "FILE:2: hours: is more than 500")],
    "payers": [("Y-9,,,,\n", "FILE:2: name: is empty and needed"),
               ("Y-9,X,nobody,,\n", "FILE:2: email: is no mail address"),
               ("Y-9,X,,,\nY-9,X,,,\n", "FILE:3: payer: 'Y-9' stands already in line 2")],
    "placements": [("PL-9,T-1,F-1,,2027-03-02,2027-03-01,,offer,,\n", "FILE:2: start_on: is before offer_signed_on"),
                   ("PL-9,T-1,F-1,,,2027-03-01,2027-02-01,active,,\n", "FILE:2: end_on: is before start_on"),
                   ("PL-9,T-1,F-77,,,2027-03-01,,active,,\n", "FILE:2: facility: there is no facility 'F-77'"),
                   ("PL-9,T-77,F-1,,,2027-03-01,,active,,\n", "FILE:2: therapist: there is no therapist 'T-77'"),
                   ("PL-9,T-1,F-1,L-4,,2027-03-01,,active,,\n", "FILE:2: license: belongs to therapist 'T-2', not to 'T-1'"),
                   ("PL-9,T-1,F-1,,,,,active,,\n", "FILE:2: start_on: is needed with status active"),
                   ("PL-9,T-1,F-1,,,2027-03-01,,ended,,\n", "FILE:2: end_on: is needed with status ended"),
                   ("PL-9,T-1,F-1,,,2027-03-01,,activ,,\n", "FILE:2: status: 'activ' is unknown; did you mean active?"),
                   ("PL-9,T-1,F-1,,,2027-03-01,,active,maybe,\n", "FILE:2: insurance_billing: 'maybe' is unknown; allowed are"),
                   ("PL-9,T-1,F-1,,,2027-03-01,,active,true,Y-1;Y-77\n", "FILE:2: payers: there is no payer 'Y-77'")],
    "panel_applications": [("A-9,T-1,Y-1,,,submitted,,,,\n", "FILE:2: submitted_on: is needed with status submitted"),
                           ("A-9,T-1,Y-1,,2027-01-01,approved,,,,\n", "FILE:2: status_on: is needed with status approved"),
                           ("A-9,T-1,Y-1,,2027-01-01,denied,2026-12-01,,,\n", "FILE:2: status_on: is before submitted_on"),
                           ("A-9,T-1,Y-1,,2027-01-01,approved,2027-02-01,2027-02-01,2027-01-01,\n",
                            "FILE:2: revalidate_on: is before effective_on"),
                           ("A-9,T-1,Y-77,,2027-01-01,submitted,,,,\n", "FILE:2: payer: there is no payer 'Y-77'"),
                           ("A-9,T-77,Y-1,,2027-01-01,submitted,,,,\n", "FILE:2: therapist: there is no therapist 'T-77'"),
                           ("A-9,T-2,Y-1,PL-1,2027-01-01,submitted,,,,\n", "FILE:2: placement: is of therapist 'T-1', not of 'T-2'"),
                           ("A-9,T-2,Y-1,PL-77,2027-01-01,submitted,,,,\n", "FILE:2: placement: there is no placement 'PL-77'"),
                           ("A-9,T-2,Y-1,,2027-01-01,in review,,,,\n", "FILE:2: status: 'in review' is unknown; did you mean in_review?")],
    "packet_items": [("PL-2,logn,open,,\n", "FILE:2: item: the packet of a telehealth facility has no item 'logn'",
                      "did you mean login?"),
                     ("PL-1,login,open,,\n", "FILE:2: item: the packet of a iop facility has no item 'login'"),
                     ("PL-77,cv,open,,\n", "FILE:2: placement: there is no placement 'PL-77'"),
                     ("PL-2,cv,received,,\n", "FILE:2: status_on: is needed with status received"),
                     ("PL-2,cv,done,,\n", "FILE:2: status: 'done' is unknown"),
                     ("PL-2,cv,open,,\nPL-2,cv,sent,2027-03-01,\n", "FILE:3: placement: 'PL-2 cv' stands already in line 2")],
    "invoices": [("I-9,F-77,2027-01-01,2027-01-31,5\n", "FILE:2: facility: there is no facility 'F-77'"),
                 ("I-9,F-1,2027-02-01,2027-01-31,5\n", "FILE:2: due_on: is before issued_on")],
    "payments": [("P-9,I-1,F-2,2027-01-05,5,\n", "FILE:2: invoice: belongs to facility 'F-1', not to 'F-2'"),
                 ("P-9,I-77,F-1,2027-01-05,5,\n", "FILE:2: invoice: there is no invoice 'I-77'")],
    "responses": [("Q-9,placement,PL-1,therapist,2027-03-05,11,\n", "FILE:2: score: is from 0 to 10"),
                  ("Q-9,placement,PL-1,therapist,2027-03-05,6.5,\n", "FILE:2: score: a whole number is expected"),
                  ("Q-9,placement,PL-1,mother,2027-03-05,5,\n", "FILE:2: by: is therapist or facility for a placement"),
                  ("Q-9,placement,PL-77,therapist,2027-03-05,5,\n", "FILE:2: id: there is no placement 'PL-77'"),
                  ("Q-9,therapist,T-1,x,2027-03-05,5,\n", "FILE:2: about: 'therapist' is unknown; allowed are placement")],
    "holds": [("H-9,placement,PL-77,pause,2027-01-05,,,x,\n", "FILE:2: id: there is no placement 'PL-77'"),
              ("H-9,license,L-1,pause,2027-01-05,2027-01-04,,x,\n", "FILE:2: until_on: is before from_on"),
              ("H-9,license,L-1,pause,2027-01-05,,,,\n", "FILE:2: reason: is empty and needed")],
}
PACKETS = """items:
  - {for: all, item: cv, title: "CV", provider: therapist, lead: 3d}
  - {for: [telehealth], item: login, title: "Login", provider: agency, lead: 5d}
"""


class Desk:
    def __init__(self, house):
        self.house = house

    def run(self, entity, text, *options, code=0):
        path = self.house.root / f"{entity}.csv"
        path.write_text(text)
        done = self.house.tickler("import", entity, path, *options, check=False)
        assert done.returncode == code, f"{entity} {text!r}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr.replace(str(path), "FILE")

    def counts(self):
        return {table: self.house.one(f"SELECT count(*) FROM {table}") for table in TABLES.values()}

    def everything(self):
        return {table: sorted(map(str, self.house.sql(f"SELECT t FROM {table} t"))) for table in TABLES.values()}


def header(entity):
    return GOOD[entity].split("\n", 1)[0] + "\n"


def test_good_again_and_changed(desk):
    for entity, text in GOOD.items():
        if entity == "agencies":
            continue
        before = desk.counts()[TABLES[entity]]
        words = desk.run(entity, text)
        rows = desk.counts()[TABLES[entity]] - before
        assert rows > 0 and f"imported {rows}, updated 0, unchanged 0, refused 0" in words, words
    before = desk.everything()
    for entity, text in GOOD.items():
        if entity != "agencies":
            words = desk.run(entity, text)
            assert "imported 0, updated 0, unchanged" in words, words
    assert desk.everything() == before
    changed = {"therapists": ("Alice Ito", "Alice Ito-Hale"), "licenses": (",P1,", ",P2,"), "ce_records": ("1.5", "1.75"),
               "payers": ("Acme Health", "Acme"), "packet_items": ("by mail", "by phone"), "responses": (",0,", ",7,"),
               "panel_applications": ("R 77", "R 78"), "placements": ("2027-02-01", "2027-02-08"), "staff": ("Tom", "Tim"),
               "contacts": ("Dana Fox", "Dana Foy"), "facilities": (",45,", ",30,"), "holds": ("on leave", "away")}
    for entity, (old, new) in changed.items():
        words = desk.run(entity, GOOD[entity].replace(old, new))
        assert "imported 0, updated 1, unchanged" in words, words
        assert "updated 1" in desk.run(entity, GOOD[entity])


def test_what_people_recorded_stays(desk):
    """The daily import says again what it said yesterday: that undoes nothing which a VA recorded since."""
    recorded = {"licenses": ("UPDATE license SET status = 'renewal_submitted', status_on = '2027-03-01' WHERE ext_id = 'L-1'",
                             (",77,", ",78,")),
                "placements": ("UPDATE placement SET start_on = '2027-02-15' WHERE ext_id = 'PL-1'", ("2027-02-01", "2027-02-08")),
                "panel_applications": ("UPDATE panel_application SET next_on = '2027-04-01', status = 'in_review' "
                                       "WHERE reference = 'R 77'", ("R 77", "R 78")),
                "packet_items": ("UPDATE packet_item SET status = 'waived' WHERE note = 'by mail'", ("by mail", "by phone"))}
    before = desk.everything()
    for entity, (sql, (old, new)) in recorded.items():
        assert desk.house.sql(sql) == 1, entity
        after = desk.everything()
        assert "updated 0" in desk.run(entity, GOOD[entity]) and desk.everything() == after, entity
        assert "updated 1" in desk.run(entity, GOOD[entity].replace(old, new)), "a row that changed is taken as it is"
        assert "updated 1" in desk.run(entity, GOOD[entity])
        differs = {*desk.everything()[TABLES[entity]]} ^ {*before[TABLES[entity]]}
        assert not differs or entity == "panel_applications", differs
    desk.house.sql("UPDATE panel_application SET next_on = NULL")
    desk.house.sql("DELETE FROM placement_start WHERE start_id > 2")


def test_what_was_taken(desk):
    ask = desk.house.sql
    assert ask("SELECT ext_id, hours::text FROM ce_record ORDER BY 1") == [("E-1", "1.50"), ("E-2", "0.25"), ("E-3", "12.00")]
    assert ask("""SELECT l.ext_id, p.ext_id, l.first_renewal FROM license l LEFT JOIN license p
                  ON p.license_id = l.depends_on_id ORDER BY 1""") == [
        ("L-1", None, False), ("L-2", "L-1", False), ("L-3", "L-2", True), ("L-4", None, False)]
    assert ask("""SELECT p.ext_id, y.ext_id FROM placement_payer JOIN placement p USING (agency_id, placement_id)
                  JOIN payer y USING (agency_id, payer_id) ORDER BY 1, 2""") == [("PL-1", "Y 3"), ("PL-1", "Y-1"), ("PL-4", "Y-2")]
    assert ask("SELECT ext_id FROM placement WHERE insurance_billing ORDER BY 1") == [("PL-1",), ("PL-4",)]
    assert ask("SELECT name FROM payer WHERE ext_id = 'Y-2'") == [("Blue\nCross",)]
    # Each change of a start is remembered, there and back.
    assert ask("SELECT start_on::text FROM placement_start ORDER BY start_id") == [("2027-02-01",), ("2027-02-08",)]
    assert ask("SELECT skills FROM staff WHERE ext_id = 'V-2'") == [(["license_renewal", "check_in"],)]


def test_what_hangs_on_a_row_counts_as_a_change(desk):
    for entity, old, new in (("placements", "Y-1; Y 3", "Y-1"), ("licenses", ",,L-2,", ",,L-1,"), ("facilities", ",,F-1,", ",,F-3,")):
        assert "updated 1" in desk.run(entity, GOOD[entity].replace(old, new))
        assert "updated 1" in desk.run(entity, GOOD[entity])
        assert "updated 0" in desk.run(entity, GOOD[entity])


def test_bad_rows_of_each_entity(desk):
    before, wrong = desk.everything(), []
    for entity, cases in BAD.items():
        for rows, *sentences in cases:
            words = desk.run(entity, header(entity) + rows, code=1)
            wrong += [f"{entity}: {sentence!r} is not in:\n{words}" for sentence in sentences if sentence not in words]
            assert "nothing was changed" in words
            assert rows.count("\n") > 1 or "refused 1" in words, words
    assert not wrong, "\n".join(wrong)
    assert desk.everything() == before


def test_unknown_and_missing_columns(desk):
    for entity in GOOD:
        columns = header(entity).strip().split(",")
        words = desk.run(entity, header(entity).replace(columns[1], columns[1] + "x", 1), code=1)
        assert f"FILE:1: unknown column '{columns[1]}x'; did you mean {columns[1]}" in words, words
        words = desk.run(entity, ",".join(columns[1:]) + "\n", code=1)
        assert f"FILE:1: the column '{columns[0]}' is missing" in words, words


def test_good_rows_of_a_bad_file(desk):
    rows = "L-20,T-1,TX,LPC,,,2027-01-31,,,,,,,\nL-21,T-77,TX,LPC,,,2027-01-31,,,,,,,\nL-22,T-1,XT,LPC,,,2027-01-31,,,,,,,\n"
    words = desk.run("licenses", header("licenses") + rows, "--accept-good", "--dry-run")
    assert "imported 1, updated 0, unchanged 0, refused 2 (dry run: nothing was changed)" in words, words
    assert desk.house.one("SELECT count(*) FROM license WHERE ext_id LIKE 'L-2_'") == 0
    words = desk.run("licenses", header("licenses") + rows, "--accept-good")
    assert "imported 1, updated 0, unchanged 0, refused 2" in words, words
    assert desk.house.sql("SELECT ext_id FROM license WHERE ext_id LIKE 'L-2_'") == [("L-20",)]
    assert desk.house.one("SELECT refused FROM import WHERE entity = 'licenses' ORDER BY at DESC LIMIT 1") == 2


def test_a_folder_with_one_bad_file(desk):
    folder = desk.house.root / "folder"
    folder.mkdir()
    (folder / "therapists.csv").write_text("therapist,name\nT-50,New Person\n")
    (folder / "licenses.csv").write_text("license,therapist,state,type,expires_on\nL-50,T-50,TX,LPC,2027-01-31\n")
    (folder / "placements.csv").write_text("placement,therapist,facility,status\nPL-50,T-50,F-77,offer\n")
    before = desk.everything()
    done = desk.house.tickler("import", "--dir", folder, check=False)
    assert done.returncode == 1 and f"{folder}/placements.csv:2: facility: there is no facility 'F-77'" in done.stderr
    assert desk.everything() == before
    (folder / "placements.csv").write_text("placement,therapist,facility,status\nPL-50,T-50,F-1,offer\n")
    assert "dry run" in desk.house.tickler("import", "--dir", folder, "--dry-run")
    assert desk.everything() == before
    desk.house.tickler("import", "--dir", folder)
    assert desk.counts()["placement"] == len(before["placement"]) + 1


def test_two_agencies(desk):
    """What belongs to one agency does not exist for the other."""
    desk.run("agencies", GOOD["agencies"])
    desk.run("facilities", "agency,facility,name,type\nB,F-B,Other,iop\n")
    desk.run("therapists", "agency,therapist,name\nB,T-B,Otto\n")
    desk.run("licenses", "agency,license,therapist,state,type,expires_on\nB,L-B,T-B,TX,LPC,2027-05-05\n")
    desk.run("payers", "agency,payer,name\nB,Y-B,Other\n")
    before = desk.everything()
    for entity, columns, row, sentence in (
            ("placements", "placement,therapist,facility,status", "PL-9,T-1,F-B,offer", "facility: there is no facility 'F-B'"),
            ("placements", "placement,therapist,facility,status", "PL-9,T-B,F-1,offer", "therapist: there is no therapist 'T-B'"),
            ("placements", "placement,therapist,facility,status,payers", "PL-9,T-1,F-1,offer,Y-B", "payers: there is no payer 'Y-B'"),
            ("placements", "placement,therapist,facility,status,license", "PL-9,T-1,F-1,offer,L-B", "there is no license 'L-B'"),
            ("licenses", "license,therapist,state,type,expires_on", "L-9,T-B,TX,LPC,2027-01-01", "there is no therapist 'T-B'"),
            ("licenses", "license,therapist,state,type,expires_on,depends_on", "L-9,T-1,TX,LPC,2027-01-01,L-B",
             "depends_on: there is no license 'L-B'"),
            ("ce_records", "ce,license,completed_on,hours", "E-9,L-B,2027-01-01,3", "license: there is no license 'L-B'"),
            ("panel_applications", "application,therapist,payer,status", "A-9,T-1,Y-B,draft", "payer: there is no payer 'Y-B'"),
            ("packet_items", "placement,item,status", "PL-9,cv,open", "placement: there is no placement 'PL-9'"),
            ("responses", "response,about,id,by,received_on", "Q-9,license,L-B,x,2027-01-01", "there is no license 'L-B'"),
            ("holds", "hold,about,id,kind,from_on,reason", "H-9,therapist,T-B,pause,2027-01-01,x", "there is no therapist 'T-B'")):
        words = desk.run(entity, f"agency,{columns}\nA-1,{row}\n", code=1)
        assert f"FILE:2: {sentence}" in words or sentence in words, words
        assert "is needed: the database holds more than one agency" in desk.run(entity, f"{columns}\n{row}\n", code=1)
    assert desk.everything() == before
    assert desk.run("therapists", "agency,therapist,name\nB,T-1,Another\n").count("imported 1") == 1


def main():
    with House() as house:
        house.init()
        rules = house.dir / "config/rules"
        rules.mkdir(exist_ok=True)
        (rules / "packets.yaml").write_text(PACKETS)
        house.start()
        desk = Desk(house)
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(desk)
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
