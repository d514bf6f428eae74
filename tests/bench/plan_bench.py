#!/usr/bin/python3
"""The planner on a large office: each room's plan of one day beside bare SQL that reads the same due rows.

    tests/bench/run --plans [--scale 1] [--stored 1] [--rounds 5]

The office: 1,000,000 invoices, 1,000,000 licenses, 200,000 placements and 500,000 applications over years, made by SQL,
times `scale`; with --stored 10 it keeps ten times as much that is over and done, and the same is due. Its ledger is what
the rooms themselves plan today, taken as done; so on the next business day one day's work is due, and that is what is
planned (`tickler plan --as-of`, from the start of the process to the last line of JSON). `bare` is a hand-written SELECT
over the same indexes with that day's rungs as constants: it looks up the ledger, balances, answers, CE and packets that
the rows depend on; of licenses and check-ins also holds, parents and placements; and no overrides but the invoices' own or
settings. The rows that both answer are counted. Nothing here fails on a time.
"""
import argparse
import datetime as dt
import functools
import pathlib
import re
import statistics
import sys
import time
import zoneinfo

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import house as support  # noqa: E402
import ledger_oracle  # noqa: E402
from house import House  # noqa: E402

ROOMS = ["invoice_escalation", "license_renewal", "check_in", "payer_followup", "onboarding_packet"]
ONE = dt.timedelta(days=1)

# %(k)s: how many times the volume is stored; what is near its date stays the same whatever it is.
OFFICE = [
    """INSERT INTO staff (agency_id, ext_id, name, email, role)
       SELECT 1, 'R-' || n, 'Recruiter ' || n, 'r' || n || '@agency.example', 'recruiter' FROM generate_series(1, 20) n""",
    """INSERT INTO facility (facility_id, agency_id, ext_id, name, type, state) OVERRIDING SYSTEM VALUE
       SELECT n, 1, 'F-' || n, 'Clinic ' || n, (ARRAY['cmhc', 'inpatient_psychiatric', 'php', 'iop', 'school',
              'correctional', 'telehealth'])[1 + n %% 7], 'TX' FROM generate_series(1, 10000) n""",
    """INSERT INTO contact (agency_id, ext_id, facility_id, name, email, role)
       SELECT 1, r || n, n, 'Contact ' || n, r || n || '@clinic.example', r
         FROM generate_series(1, 10000) n, (VALUES ('billing'), ('clinical_director')) AS r (r)""",
    """INSERT INTO payer (payer_id, agency_id, ext_id, name) OVERRIDING SYSTEM VALUE
       SELECT n, 1, 'P-' || n, 'Payer ' || n FROM generate_series(1, 200) n""",
    """INSERT INTO therapist (therapist_id, agency_id, ext_id, name, email, caqh_attested_on, insurance_expires_on)
       OVERRIDING SYSTEM VALUE
       SELECT n, 1, 'T-' || n, 'Therapist ' || n, 't' || n || '@mail.example', %(day)s::date - (n %% 90),
              %(day)s::date + 200 FROM generate_series(1, %(therapists)s) n""",
    # A license expires once in two years; 1 in 20 of those within 60 days of it has filed. What is stored beyond that was
    # given up long ago.
    """INSERT INTO license (agency_id, ext_id, therapist_id, state, type, number, issued_on, expires_on, status, status_on)
       SELECT 1, 'L-' || n, 1 + n %% %(therapists)s, 'TX', (ARRAY['LPC', 'LCSW', 'LMFT', 'other'])[1 + n %% 4], n::text, e - 730, e,
              CASE WHEN n > %(licenses)s THEN 'surrendered' WHEN n %% 20 = 0 AND e < %(day)s::date + 60 THEN 'renewal_submitted'
                   ELSE 'active' END, CASE WHEN n > %(licenses)s OR (n %% 20 = 0 AND e < %(day)s::date + 60) THEN e - 70 END
         FROM generate_series(1, %(licenses)s * %(k)s) n, LATERAL (
              SELECT CASE WHEN n > %(licenses)s THEN %(day)s::date - 1500 + (n / 3 %% 730)::int
                          ELSE %(day)s::date - 2 + (n / 3 %% 730)::int END AS e) x""",
    """INSERT INTO ce_record (agency_id, ext_id, license_id, completed_on, hours, category)
       SELECT 1, l.ext_id || c, l.license_id, l.expires_on - 200, 12, c
         FROM license l, (VALUES ('ethics'), ('diversity'), ('clinical')) AS c (c)
        WHERE l.status = 'active' AND l.license_id %% 3 = 0""",
    # Placements of four years; those of the last 300 days run on.
    """INSERT INTO placement (placement_id, agency_id, ext_id, therapist_id, facility_id, offer_signed_on, start_on, end_on,
              status, insurance_billing) OVERRIDING SYSTEM VALUE
       SELECT n, 1, 'PL-' || n, 1 + n %% %(therapists)s, 1 + n %% 10000, s - 25, s, CASE WHEN s < %(day)s::date - 300 THEN s + 180 END,
              CASE WHEN s < %(day)s::date - 300 THEN 'ended' WHEN s > %(day)s THEN 'offer' ELSE 'active' END, n %% 5 = 0
         FROM generate_series(1, %(placements)s * %(k)s) n, LATERAL (
              SELECT CASE WHEN n > %(placements)s THEN %(day)s::date - 1000 - (n %% 1000)::int
                          ELSE %(day)s::date + 40 - (n %% 1460)::int END AS s) x""",
    # Two of three answer, some on the day that is measured; one facility in 50 is not content.
    """INSERT INTO response (agency_id, ext_id, about, subject_id, given_by, received_on, score, answers)
       SELECT 1, 'A-' || g || placement_id, 'placement', placement_id, g, start_on + 31,
              CASE WHEN g = 'facility' AND placement_id %% 50 = 0 THEN 4 ELSE 8 END, 'going well'
         FROM placement, (VALUES ('therapist'), ('facility')) AS g (g)
        WHERE start_on + 31 <= %(day)s::date + 3 AND placement_id %% 3 > 0""",
    """INSERT INTO packet_item (agency_id, placement_id, item, status, status_on)
       SELECT 1, p.placement_id, r.item, 'confirmed', p.start_on - 5
         FROM placement p JOIN facility f USING (agency_id, facility_id) JOIN packet_rule r ON r.facility_type = f.type
        WHERE p.start_on - 5 <= %(day)s AND r.ordinal < 6""",
    """INSERT INTO panel_application (agency_id, ext_id, therapist_id, payer_id, submitted_on, status, status_on, effective_on,
              revalidate_on)
       SELECT 1, 'AP-' || n, 1 + n %% %(therapists)s, 1 + n * 100 / %(therapists)s %% 200, s,
              CASE WHEN s > %(day)s::date - 120 THEN 'submitted' ELSE 'approved' END,
              CASE WHEN s > %(day)s::date - 120 THEN s ELSE s + 110 END,
              CASE WHEN s <= %(day)s::date - 120 THEN s + 90 END, CASE WHEN s <= %(day)s::date - 120 THEN s + 1500 END
         FROM generate_series(1, %(applications)s * %(k)s) n, LATERAL (
              SELECT CASE WHEN n > %(applications)s THEN %(day)s::date - 800 - (n %% 400)::int
                          ELSE %(day)s::date - 3 - (n %% 1200)::int END AS s) x""",
    """INSERT INTO placement_payer (agency_id, placement_id, payer_id)
       SELECT DISTINCT ON (p.placement_id) 1, p.placement_id, a.payer_id
         FROM placement p JOIN panel_application a USING (agency_id, therapist_id)
        WHERE p.insurance_billing AND p.status = 'active' AND a.status = 'approved'""",
    # 96 of 100 invoices are paid; those due within a week of today or later are open.
    """INSERT INTO invoice (agency_id, ext_id, facility_id, issued_on, due_on, amount_cents, settled_on)
       SELECT 1, 'INV-' || n, 1 + n %% 10000, d - 30, d, 10000,
              CASE WHEN n <= %(licenses)s AND (n / 7 %% 25 = 0 AND d > %(day)s::date - 200 OR d > %(day)s::date - 7)
                   THEN 'infinity' ELSE d + 20 END
         FROM generate_series(1, %(licenses)s * %(k)s) n, LATERAL (
              SELECT %(day)s::date + CASE WHEN n > %(licenses)s THEN -30 - (n %% 1460)::int ELSE 20 - (n %% 1460)::int END AS d) x""",
    """INSERT INTO payment (agency_id, ext_id, facility_id, invoice_id, received_on, amount_cents)
       SELECT agency_id, 'Y-' || invoice_id, facility_id, invoice_id, settled_on, amount_cents FROM invoice
        WHERE settled_on < 'infinity'""",
    # What was chased before: the ledger that years leave behind.
    """INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, nominal, at)
       SELECT 1, 'invoice_escalation', invoice_id, due_on, step, 0, ordinal, facility_id, 'done', due_on + off, due_on + off
         FROM invoice, (VALUES ('courtesy', 0, -7), ('reminder', 1, 3), ('grouped', 2, 10)) s (step, ordinal, off)
        WHERE settled_on < 'infinity'""",
    """INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, nominal, at)
       SELECT 1, 'check_in', placement_id, start_on, step, 0, ordinal, facility_id, 'done', start_on + 30, start_on + 30
         FROM placement, (VALUES ('therapist_30', 0), ('facility_30', 1000), ('therapist_60', 2000)) s (step, ordinal)
        WHERE start_on < %(day)s::date - 70""",
    """INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, nominal, at)
       SELECT 1, 'payer_followup', application_id, submitted_on, 'follow_up_' || n, 0, n, payer_id, 'done', submitted_on + 7,
              submitted_on + 7 FROM panel_application, generate_series(1, 5) n WHERE status = 'approved'""",
]

TAKEN_AS_DONE = """
INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, nominal, at)
SELECT agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, 'done', nominal, ready_at FROM job
    ON CONFLICT DO NOTHING
"""


@functools.lru_cache(None)
def step_day(at, anchor):
    """The day of a step: "+30d+3bd" is 30 days on, rolled to a business day, and 3 business days more."""
    first, unit, then = re.fullmatch(r"([+-]?\d+)(bd|d)(?:\+(\d+)bd)?", at).groups()
    day = (ledger_oracle.add_business(anchor, int(first)) if unit == "bd"
           else ledger_oracle.roll(anchor + ONE * int(first)))
    return ledger_oracle.add_business(day, int(then)) if then else day


class Rungs:
    """A room's schedule as windows of anchors: on this day an anchor from lo to hi stands on that step."""

    def __init__(self, house, room, day):
        self.raw = yaml.safe_load((house.dir / f"config/schedules/{room}.yaml").read_text())
        self.day = day
        self.ordinals = dict(house.sql("SELECT step, ordinal FROM step WHERE worker = %s", room))
        self.tracks = self.raw.get("tracks", ["main"])
        self.forget = int(str(self.raw.get("forget_after", "0")).rstrip("d"))

    def ladder(self, track, changes):
        """(ordinal, step, offset) of one track, the ordinals as the scheduler applied them."""
        for step in self.raw["steps"]:
            change = changes.get(step["id"], {})
            if step.get("track", self.tracks[0]) != track or change in ("off", False):
                continue
            repeats = [change.get("at", step["at"])]
            if "every" in step:
                number, unit = re.fullmatch(r"([+-]?\d+)(bd|d)", str(step["at"])).groups()
                every, until = (int(re.match(r"[+-]?\d+", step[key]).group()) for key in ("every", "until"))
                repeats = [f"{n}{unit}" for n in range(int(number), until + 1, every)]
            for n, at in enumerate(repeats):
                name = step["id"] + (f"_{n + 1}" if n else "")
                yield self.ordinals[name], name, str(at)

    def windows(self, track, changes={}):
        """[(step, ordinal, lo, hi)]"""
        found = []
        for n in range(-1100, 400):
            anchor, newest = self.day + ONE * n, None
            for ordinal, name, at in self.ladder(track, changes):
                on = step_day(at, anchor)
                in_time = self.day <= anchor if at.startswith("-") else (
                    not self.forget or (self.day - on).days <= self.forget)
                if on <= self.day and in_time:
                    newest = (name, ordinal)
            if newest and found and found[-1][:2] == newest and found[-1][3] == anchor - ONE:
                found[-1] = (*newest, found[-1][2], anchor)
            elif newest:
                found.append((*newest, anchor, anchor))
        return found

    def values(self, tracks, changes={}, label=""):
        return ", ".join(f"('{label or track}', '{step}', {ordinal}, date '{lo}', date '{hi}')"
                         for track in tracks for step, ordinal, lo, hi in self.windows(track, changes))


def unfired(worker, subject, cycle):
    """The ledger has no step of this track that is as high. OFFSET 0: probe it by its key, hash no years of it."""
    return f"""NOT EXISTS (SELECT FROM fired x WHERE x.agency_id = 1 AND x.worker = '{worker}' AND x.subject_id = {subject}
                              AND x.cycle = {cycle} AND x.ordinal >= w.ordinal AND x.ordinal / 1000000 = w.ordinal / 1000000 OFFSET 0)"""


def bare_invoices(house, day):
    rungs = Rungs(house, "invoice_escalation", day)
    cmhc = rungs.raw["overrides"][0]["steps"]
    values = f"{rungs.values(['main'])}, {rungs.values(['main'], cmhc, 'cmhc')}"
    return f"""
        SELECT i.invoice_id, w.step, i.due_on, c.facility_id
          FROM (VALUES {values}) w (label, step, ordinal, lo, hi)
          JOIN invoice i ON i.agency_id = 1 AND i.settled_on > '{day}' AND i.due_on BETWEEN w.lo AND w.hi
          JOIN facility f ON f.agency_id = 1 AND f.facility_id = i.facility_id AND (f.type = 'cmhc') = (w.label = 'cmhc')
          JOIN contact c ON c.agency_id = 1 AND c.facility_id = f.facility_id AND c.role = 'billing'
         WHERE i.status = 'sent' AND i.issued_on <= '{day}' AND {unfired('invoice_escalation', 'i.invoice_id', 'i.due_on')}
           AND NOT EXISTS (SELECT FROM hold h WHERE h.agency_id = 1 AND (h.about, h.subject_id) = ('invoice', i.invoice_id))
           AND i.amount_cents - coalesce((SELECT sum(effect_cents) FROM payment p WHERE p.agency_id = 1
               AND p.invoice_id = i.invoice_id AND p.received_on <= '{day}'), 0) >= 500"""


def unheld(day, **subjects):
    """None of them is on hold: license='l.license_id'."""
    return " AND ".join(f"""NOT EXISTS (SELECT FROM hold h WHERE h.agency_id = 1 AND h.about = '{about}' AND h.subject_id = {number}
               AND h.from_on <= '{day}' AND coalesce(h.until_on, '{day}') >= '{day}' AND coalesce(h.released_on, 'infinity') > '{day}')"""
                        for about, number in subjects.items())


def bare_licenses(house, day):
    rungs = Rungs(house, "license_renewal", day)
    by_expiry = rungs.values(["main", "ce", "expired", "expired_lead"])
    filed = rungs.values(["watch", "watch_expiry", "watch_lead"])
    return f"""
        SELECT l.license_id, w.step, l.expires_on, t.therapist_id
          FROM (VALUES {by_expiry}) w (track, step, ordinal, lo, hi)
          JOIN license l ON l.agency_id = 1 AND l.first_date BETWEEN w.lo AND w.hi
          JOIN therapist t ON t.agency_id = 1 AND t.therapist_id = l.therapist_id
          LEFT JOIN license_rule r ON r.agency_id = 1 AND r.state = l.state AND r.type = l.type
         WHERE l.status = 'active' AND (l.expires_on <= '{day}') = (w.track LIKE 'expired%%')
           AND {unfired('license_renewal', 'l.license_id', 'l.expires_on')}
           AND (w.track <> 'main' OR coalesce(coalesce(l.renewal_opens, l.expires_on - r.opens) <= '{day}', true))
           AND (w.track LIKE 'expired%%' OR {unheld(day, license='l.license_id', therapist='l.therapist_id')})
           AND (l.depends_on_id IS NULL OR NOT EXISTS (SELECT FROM license u WHERE u.agency_id = 1
                AND u.license_id = l.depends_on_id AND (u.status IN ('lapsed', 'surrendered') OR u.expires_on < '{day}')))
           AND (w.track <> 'ce' OR r.ce_hours > 0 AND (
                r.ce_hours > (SELECT coalesce(sum(c.hours), 0) FROM ce_record c WHERE c.agency_id = 1
                  AND c.license_id = l.license_id AND c.completed_on BETWEEN l.expires_on - 730 AND '{day}')
                OR EXISTS (SELECT FROM license_rule_category k WHERE k.agency_id = 1 AND (k.state, k.type) = (l.state, l.type)
                  AND k.hours > (SELECT coalesce(sum(c.hours), 0) FROM ce_record c WHERE c.agency_id = 1
                    AND c.license_id = l.license_id AND c.category = k.category AND c.completed_on <= '{day}'))))
        UNION ALL
        SELECT l.license_id, w.step, l.expires_on, l.therapist_id
          FROM (VALUES {filed}) w (track, step, ordinal, lo, hi)
          JOIN license l ON l.agency_id = 1 AND l.watched_on <= '{day}'
           AND CASE w.track WHEN 'watch' THEN l.watched_on ELSE l.expires_on END BETWEEN w.lo AND w.hi
         WHERE l.status = 'renewal_submitted' AND {unfired('license_renewal', 'l.license_id', 'l.expires_on')}
           AND (w.track <> 'watch_lead' OR EXISTS (SELECT FROM placement p WHERE p.agency_id = 1
                AND p.therapist_id = l.therapist_id AND p.status IN ('offer', 'active')
                AND (p.end_on IS NULL OR p.end_on >= '{day}')))"""


def bare_check_ins(house, day):
    """Who is to be asked; which answers worry; where the two differ."""
    rungs = Rungs(house, "check_in", day)
    values = rungs.values(["therapist_30", "facility_30", "therapist_60", "facility_60"])
    words = house.sql("SELECT check_in_words(%s)", rungs.raw["settings"]["safety_words"])[0][0].replace("%", "%%")

    def newest(given_by, received_on, response_id):
        return f"""NOT EXISTS (SELECT FROM response n WHERE n.agency_id = 1 AND n.about = 'placement'
               AND n.subject_id = q.subject_id AND n.given_by = {given_by}
               AND (n.received_on, n.response_id) > ({received_on}, {response_id}) AND n.received_on <= '{day}'
               AND n.received_on - p.start_on BETWEEN w.first_on AND w.last_on)"""

    return f"""
        SELECT p.placement_id, w.step, p.start_on, t.therapist_id, f.facility_id
          FROM (VALUES {values}) w (track, step, ordinal, lo, hi)
          JOIN placement p ON p.agency_id = 1 AND p.start_on BETWEEN w.lo AND w.hi
          JOIN therapist t ON t.agency_id = 1 AND t.therapist_id = p.therapist_id
          JOIN facility f ON f.agency_id = 1 AND f.facility_id = p.facility_id
         WHERE p.status = 'active' AND (p.end_on IS NULL OR p.end_on > date '{day}' + 7)
           AND (w.track LIKE '%%60' OR p.start_on > date '{day}' - 55)
           AND {unfired('check_in', 'p.placement_id', 'p.start_on')}
           AND {unheld(day, placement='p.placement_id')}
           AND CASE WHEN w.track LIKE 'therapist%%' THEN {unheld(day, therapist='p.therapist_id')}
                    ELSE {unheld(day, facility='p.facility_id')} END
           AND NOT EXISTS (SELECT FROM response r WHERE r.agency_id = 1 AND r.about = 'placement'
                  AND r.subject_id = p.placement_id AND r.given_by = split_part(w.track, '_', 1)
                  AND r.received_on >= p.start_on + CASE WHEN w.track LIKE '%%30' THEN 14 ELSE 55 END
                  AND r.received_on <= '{day}')
        UNION ALL
        SELECT r.response_id, w.step, r.received_on, p.therapist_id, p.facility_id
          FROM (VALUES {rungs.values(['concern'])}) w (track, step, ordinal, lo, hi)
          JOIN response r ON r.agency_id = 1 AND r.received_on BETWEEN w.lo AND w.hi AND r.received_on <= '{day}'
          JOIN placement p ON p.agency_id = 1 AND p.placement_id = r.subject_id
         WHERE r.about = 'placement' AND (r.score <= 6 OR lower(translate(r.answers, '’', $$'$$)) ~ $${words}$$)
           AND {unfired('check_in', 'r.response_id', 'r.received_on')}
        UNION ALL
        SELECT DISTINCT p.placement_id, w.step, p.start_on, p.therapist_id, p.facility_id
          FROM (SELECT r.subject_id, r.given_by, r.response_id, r.received_on, o.given_by AS other,
                       o.response_id AS other_id, o.received_on AS other_on
                  FROM (VALUES {rungs.values(['concern'])}) v (track, step, ordinal, lo, hi)
                  JOIN response r ON r.agency_id = 1 AND r.received_on BETWEEN v.lo AND v.hi AND r.received_on <= '{day}'
                  JOIN response o ON o.agency_id = 1 AND o.about = 'placement' AND o.subject_id = r.subject_id
                   AND o.given_by <> r.given_by AND o.received_on <= '{day}' AND abs(o.score - r.score) >= 3
                 WHERE r.about = 'placement' OFFSET 0) q
          JOIN placement p ON p.agency_id = 1 AND p.placement_id = q.subject_id
          JOIN (VALUES ('differ_30', 14, 54), ('differ_60', 55, 9999)) w (step, first_on, last_on)
            ON q.received_on - p.start_on BETWEEN w.first_on AND w.last_on
           AND q.other_on - p.start_on BETWEEN w.first_on AND w.last_on
         WHERE {newest('q.given_by', 'q.received_on', 'q.response_id')} AND {newest('q.other', 'q.other_on', 'q.other_id')}
           AND NOT EXISTS (SELECT FROM fired x WHERE x.agency_id = 1 AND x.worker = 'check_in' AND x.subject_id = p.placement_id
                              AND x.cycle = p.start_on AND x.step = w.step OFFSET 0)"""


def bare_payers(house, day):
    rungs = Rungs(house, "payer_followup", day)
    parts = []
    for tracks, column, status in ((["followup", "escalation"], "submitted_on", "status IN ('submitted', 'in_review')"),
                                   (["effective", "loading", "directory"], "status_on", "status = 'approved'"),
                                   (["revalidation"], "revalidate_on", "status = 'approved'")):
        parts.append(f"""
        SELECT a.application_id, w.step, a.{column}, y.payer_id
          FROM (VALUES {rungs.values(tracks)}) w (track, step, ordinal, lo, hi)
          JOIN panel_application a ON a.agency_id = 1 AND a.{column} BETWEEN w.lo AND w.hi AND a.{status}
          JOIN payer y ON y.agency_id = 1 AND y.payer_id = a.payer_id
         WHERE {unfired('payer_followup', 'a.application_id', f'a.{column}')}""")
    # What runs out within the time that the pending applications of its therapist will still take: by each payer's own pace.
    needed = f"""
        pending AS MATERIALIZED (SELECT therapist_id, payer_id, submitted_on FROM panel_application
             WHERE agency_id = 1 AND status IN ('submitted', 'in_review', 'info_requested')),
        usual AS MATERIALIZED (SELECT y.payer_id, CASE WHEN u.n >= 5 THEN ceil(u.median)::int ELSE 120 END AS days
              FROM (SELECT DISTINCT payer_id FROM pending) y, LATERAL (
                   SELECT count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS median
                     FROM (SELECT a.status_on - a.submitted_on AS days FROM panel_application a WHERE a.agency_id = 1
                              AND a.payer_id = y.payer_id AND a.status IN ('approved', 'denied') AND a.status_on <= '{day}'
                            ORDER BY a.status_on DESC LIMIT 200) d) u),
        needed AS MATERIALIZED (SELECT therapist_id, max(greatest(submitted_on + days, date '{day}' + 30)) AS until_on
              FROM pending JOIN usual USING (payer_id) GROUP BY 1)"""
    # Whoever bills a payer without being on its panel.
    gap = f"""
        gap AS MATERIALIZED (SELECT b.billing_id, b.payer_id, greatest(p.start_on, (
                   SELECT max(a.status_on) FROM panel_application a WHERE a.agency_id = 1 AND a.therapist_id = p.therapist_id
                      AND a.payer_id = b.payer_id AND a.status IN ('denied', 'withdrawn'))) AS anchor
              FROM placement p JOIN placement_payer b ON b.agency_id = 1 AND b.placement_id = p.placement_id
             WHERE p.agency_id = 1 AND p.insurance_billing AND p.status IN ('offer', 'active')
               AND (p.end_on IS NULL OR p.end_on >= '{day}') AND p.start_on <= date '{day}' + 120
               AND NOT EXISTS (SELECT FROM panel_application a WHERE a.agency_id = 1 AND a.therapist_id = p.therapist_id
                      AND a.payer_id = b.payer_id AND a.status = 'approved' AND a.status_on <= '{day}'
                      AND coalesce(a.effective_on, a.status_on) <= greatest('{day}', p.start_on) OFFSET 0))"""
    parts.append(f"""
        SELECT l.license_id, w.step, l.expires_on, l.therapist_id
          FROM needed n JOIN license l ON l.agency_id = 1 AND l.therapist_id = n.therapist_id AND l.expires_on <= n.until_on
          JOIN (VALUES {rungs.values(['license'])}) w (track, step, ordinal, lo, hi) ON l.expires_on BETWEEN w.lo AND w.hi
         WHERE l.status = 'active' AND {unfired('payer_followup', 'l.license_id', 'l.expires_on')}""")
    parts.append(f"""
        SELECT d.therapist_id, w.step, d.anchor, d.therapist_id
          FROM (SELECT t.therapist_id, n.until_on, v.* FROM needed n JOIN therapist t USING (therapist_id), LATERAL (VALUES
                  ('attestation', t.caqh_attested_on + 120), ('insurance', t.insurance_expires_on)) v (track, anchor)
                 WHERE t.agency_id = 1) d
          JOIN (VALUES {rungs.values(['attestation', 'insurance'])}) w (track, step, ordinal, lo, hi)
            ON w.track = d.track AND d.anchor BETWEEN w.lo AND w.hi
         WHERE d.anchor <= d.until_on AND {unfired('payer_followup', 'd.therapist_id', 'd.anchor')}""")
    parts.append(f"""
        SELECT g.billing_id, w.step, g.anchor, g.payer_id
          FROM gap g JOIN (VALUES {rungs.values(['gap'])}) w (track, step, ordinal, lo, hi) ON g.anchor BETWEEN w.lo AND w.hi
         WHERE {unfired('payer_followup', 'g.billing_id', 'g.anchor')}""")
    return f"WITH {needed}, {gap}" + " UNION ALL ".join(parts)


def bare_packets(house, day):
    """Placements before their start, what is open of each packet by its holder, and the rungs of offer and start."""
    rungs = Rungs(house, "onboarding_packet", day)
    offer = rungs.values(["packet_therapist", "packet_facility", "open_therapist", "open_facility", "agency_items"])
    start = rungs.values(["items", "start_day", "final_therapist", "final_facility", "at_risk"])
    is_open = "(i.status IS NULL OR i.status IN ('open', 'sent'))"
    of = "x.agency_id = 1 AND x.worker = 'onboarding_packet' AND x.subject_id = o.placement_id"
    letter = """EXISTS (SELECT FROM message_step x JOIN message m USING (agency_id, message_id) WHERE x.agency_id = 1
                           AND x.worker = 'onboarding_packet' AND x.subject_id = o.placement_id AND m.state <> 'failed'"""
    return f"""
        SELECT o.placement_id, w.step, o.start_on, o.therapist_id
          FROM (SELECT p.placement_id, p.offer_signed_on, p.start_on, p.therapist_id, count(i.item) > 0 AS begun,
                       count(*) FILTER (WHERE {is_open}) AS open,
                       count(*) FILTER (WHERE {is_open} AND r.provider = 'therapist') AS therapist_open,
                       count(*) FILTER (WHERE {is_open} AND r.provider = 'facility') AS facility_open,
                       count(*) FILTER (WHERE {is_open} AND r.provider = 'agency') AS agency_open,
                       count(*) FILTER (WHERE {is_open} AND r.required) AS required_open,
                       max(r.lead_days) FILTER (WHERE r.required AND {is_open}) AS lead,
                       bool_and(coalesce(i.status, 'open') <> 'open') FILTER (WHERE r.reader = 'therapist') AS therapist_sent,
                       bool_and(coalesce(i.status, 'open') <> 'open') FILTER (WHERE r.reader = 'facility') AS facility_sent
                  FROM placement p JOIN facility f ON f.agency_id = 1 AND f.facility_id = p.facility_id
                  JOIN packet_rule r ON r.agency_id = 1 AND r.facility_type = f.type
                  LEFT JOIN packet_item i ON i.agency_id = 1 AND i.placement_id = p.placement_id AND i.item = r.item
                   AND i.status_on <= '{day}'
                 WHERE p.agency_id = 1 AND p.start_on >= date '{day}' - 7 AND p.status IN ('offer', 'active')
                   AND p.offer_signed_on <= '{day}'
                 GROUP BY 1, 2, 3, 4) o
          JOIN (SELECT *, true AS from_offer FROM (VALUES {offer}) v UNION ALL SELECT *, false FROM (VALUES {start}) v
               ) w (track, step, ordinal, lo, hi, from_offer)
            ON CASE WHEN w.from_offer THEN o.offer_signed_on ELSE o.start_on END BETWEEN w.lo AND w.hi
         WHERE o.open > 0 AND (o.start_on > '{day}' OR w.track = 'start_day' AND o.required_open > 0)
           AND {unfired('onboarding_packet', 'o.placement_id', 'CASE WHEN w.from_offer THEN o.offer_signed_on ELSE o.start_on END')}
           AND CASE WHEN w.track = 'at_risk' THEN o.lead + 2 >= o.start_on - date '{day}'
               WHEN w.track IN ('items', 'start_day') THEN o.begun OR EXISTS (SELECT FROM fired x WHERE {of}
                    AND x.cycle = o.offer_signed_on AND x.step LIKE 'packet%%' OFFSET 0)
               WHEN w.track LIKE 'packet%%' THEN NOT {letter} AND x.step = w.track OFFSET 0)
               WHEN w.track = 'open_therapist' THEN o.therapist_open > 0
                    AND (o.therapist_sent OR {letter} AND x.step = 'packet_therapist' OFFSET 0))
               WHEN w.track = 'open_facility' THEN o.facility_open > 0
                    AND (o.facility_sent OR {letter} AND x.step = 'packet_facility' OFFSET 0))
               -- While the count-down runs, each item has a task of its own.
               WHEN w.track = 'agency_items' THEN o.agency_open > 0 AND NOT EXISTS (SELECT FROM fired x WHERE {of}
                    AND x.cycle = o.start_on AND x.step LIKE 'items%%' OFFSET 0)
               ELSE true END"""


BARE = dict(zip(ROOMS, (bare_invoices, bare_licenses, bare_check_ins, bare_payers, bare_packets)))


def cell(values):
    return f"{statistics.median(values):,.0f} [{min(values):,.0f}-{max(values):,.0f}]"


def build(house, options):
    """Makes the office and its ledger; answers the day that is measured, the business day after today."""
    day = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    volume = dict(day=day, k=options.stored, licenses=int(1_000_000 * options.scale), therapists=int(250_000 * options.scale),
                  placements=int(200_000 * options.scale), applications=int(500_000 * options.scale))
    house.init()
    for room in ROOMS:
        house.schedule(room, limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0, stop_if_data_older_than=None)
    house.edit(house.dir / "config/ticklerd.yaml", lambda d: d.update(rooms={room: 0 for room in [*ROOMS, "task_desk"]}))
    house.start(wait=False)
    house.wait(lambda: house.one("SELECT count(*) FROM packet_rule") > 0, "the database and its rules")
    house.sql("SET session_replication_role = replica")
    for text in OFFICE:
        house.sql(text, volume)
    house.sql("SET session_replication_role = DEFAULT")
    house.sql("VACUUM ANALYZE")
    for room in ROOMS:
        house.tickler("run", room)
    house.sql(TAKEN_AS_DONE)
    house.sql("TRUNCATE job")
    house.sql("VACUUM ANALYZE")
    house.sql("SET jit = off; SET random_page_cost = 1.1; SET work_mem = '64MB'")
    return ledger_oracle.roll(day + ONE)


def timed(work):
    begun = time.monotonic()
    rows = work()
    return 1000 * (time.monotonic() - begun), rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--stored", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with House() as house:
        day = build(house, options)
        size = house.one("SELECT pg_size_pretty(pg_database_size('ticklerd'))")
        ledger = house.one("SELECT count(*) FROM fired")
        print(f"scale {options.scale:g}, stored {options.stored}: {size}, {ledger:,} rows of ledger; planned for {day}\n")
        print("| room | due rows | bare rows | ticklerd ms | bare ms | ratio |\n|---|---:|---:|---:|---:|---:|")
        bare = {room: make(house, day) for room, make in BARE.items()}
        took = {room: ([], []) for room in ROOMS}
        rows = {}
        for n in range(options.rounds + 1):  # the first round warms the caches and is not counted
            for room in ROOMS:
                ours, lines = timed(lambda: house.tickler("plan", "--worker", room, "--as-of", day, "--json").count("\n"))
                theirs, found = timed(lambda: len(house.sql(bare[room], {})))
                rows[room] = (lines, found)
                if n:
                    took[room][0].append(ours)
                    took[room][1].append(theirs)
        took["all five"] = tuple([sum(took[room][k][n] for room in ROOMS) for n in range(options.rounds)] for k in (0, 1))
        rows["all five"] = tuple(sum(rows[room][k] for room in ROOMS) for k in (0, 1))
        for room, (ours, theirs) in took.items():
            ratio = statistics.median(a / b for a, b in zip(ours, theirs))
            print(f"| {room} | {rows[room][0]:,} | {rows[room][1]:,} | {cell(ours)} | {cell(theirs)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
