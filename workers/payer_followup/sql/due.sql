-- due.sql: what stands on a rung of this room that has not fired (parameters in daemon/lib/rooms.h).
-- Each track is anchored on a date of its own: `stand` says who stands where, the rungs are laid over its dates once.
-- While an agreed day is to come the cadence is silent, and so it is for rungs that were reached before that day.
WITH rung AS MATERIALIZED (
    SELECT variant, track, step, ordinal, max(latest) AS latest, min(oldest) AS oldest
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
     GROUP BY variant, track, step, ordinal
), reach AS MATERIALIZED ( -- which dates a track looks at; of those that begin with a decision, with which
    SELECT track, CASE WHEN bool_and(oldest IS NOT NULL) THEN min(oldest) END AS oldest, max(latest) AS latest,
           CASE WHEN track = 'denied' THEN 'denied'
                WHEN track IN ('effective', 'loading', 'directory') THEN 'approved' END AS status
      FROM rung GROUP BY track
), own_ladder AS MATERIALIZED ( -- the payers that have one of their own
    SELECT payer_id, ext_id FROM payer WHERE agency_id = $1::int AND ext_id IN (SELECT variant FROM rung)
), pending AS MATERIALIZED (
    SELECT a.application_id, a.ext_id, a.payer_id, a.therapist_id, a.submitted_on, a.status_on, a.next_on,
           application_status(a, $2::date) AS now
      FROM pending_applications($1::int, $2::date) a
), decided AS MATERIALIZED ( -- lately enough for a step
    SELECT a.application_id, a.ext_id, a.payer_id, a.therapist_id, a.status, a.status_on
      FROM panel_application a
     WHERE a.agency_id = $1::int AND a.status IN ('approved', 'denied', 'withdrawn') AND a.status <> 'withdrawn'
       AND a.status_on <= $2::date
       AND a.status_on >= (SELECT CASE WHEN bool_and(oldest IS NOT NULL) THEN min(oldest) ELSE '-infinity' END FROM reach
                            WHERE status IS NOT NULL)
       AND (a.status <> 'denied' OR application_followed_by(a, $2::date) IS NULL)
), revalidated AS MATERIALIZED (
    SELECT a.* FROM panel_application a
     WHERE a.agency_id = $1::int AND a.status = 'approved' AND a.status_on <= $2::date
       AND a.revalidate_on >= (SELECT coalesce(oldest, '-infinity') FROM reach WHERE track = 'revalidation')
       AND a.revalidate_on <= (SELECT latest FROM reach WHERE track = 'revalidation')
       AND application_followed_by(a, $2::date) IS NULL
), held AS MATERIALIZED (
    SELECT about, subject_id FROM hold WHERE agency_id = $1::int AND from_on <= $2::date
       AND (until_on IS NULL OR until_on >= $2::date) AND (released_on IS NULL OR released_on > $2::date)
), needed AS MATERIALIZED (
    SELECT * FROM papers_needed($1::int, $2::date, $12::jsonb)
), stand AS MATERIALIZED ( -- kind and ext_id name the subject; `said` is what the track and its date do not tell
    SELECT 'followup' AS track, a.application_id AS subject_id, 'application' AS kind, a.ext_id, a.submitted_on AS anchor,
           a.payer_id, a.therapist_id, NULL::bigint AS placement_id, a.next_on AS agreed_on, NULL AS said
      FROM pending a WHERE a.now <> 'info_requested' AND (a.next_on IS NULL OR a.next_on < $2::date)
    UNION ALL
    SELECT 'agreed', a.application_id, 'application', a.ext_id, a.next_on, a.payer_id, a.therapist_id, NULL, NULL, NULL
      FROM pending a WHERE a.next_on <= $2::date
    UNION ALL
    SELECT 'escalation', a.application_id, 'application', a.ext_id, a.submitted_on, a.payer_id, a.therapist_id,
           NULL, NULL, NULL
      FROM pending a WHERE a.submitted_on <= (SELECT latest FROM reach WHERE track = 'escalation')
    UNION ALL
    SELECT t.track, a.application_id, 'application', a.ext_id,
           CASE t.track WHEN 'info' THEN a.status_on ELSE a.status_on + ($12::jsonb ->> 'info_window_days')::int END,
           a.payer_id, a.therapist_id, NULL, NULL, a.status_on::text
      FROM pending a, (VALUES ('info'), ('info_window')) AS t (track) WHERE a.now = 'info_requested'
    UNION ALL
    SELECT 'draft', a.application_id, 'application', a.ext_id, coalesce(a.status_on, p.offer_signed_on), a.payer_id,
           a.therapist_id, NULL, NULL, NULL
      FROM panel_application a LEFT JOIN placement p ON p.agency_id = a.agency_id AND p.placement_id = a.placement_id
     WHERE a.agency_id = $1::int AND a.status = 'draft'
    UNION ALL
    SELECT r.track, a.application_id, 'application', a.ext_id, a.status_on, a.payer_id, a.therapist_id, NULL, NULL, NULL
      FROM decided a JOIN reach r ON r.status = a.status AND a.status_on <= r.latest
       AND (r.oldest IS NULL OR a.status_on >= r.oldest)
    UNION ALL
    SELECT 'revalidation', a.application_id, 'application', a.ext_id, a.revalidate_on, a.payer_id, a.therapist_id,
           NULL, NULL, NULL
      FROM revalidated a
    UNION ALL
    SELECT 'gap', g.billing_id, 'placement', g.ext_id, g.anchor, g.payer_id, g.therapist_id, g.placement_id,
           NULL, g.standing
      FROM panel_gaps($1::int, $2::date, (SELECT latest FROM reach WHERE track = 'gap')) g
    UNION ALL
    SELECT 'license', l.license_id, 'license', l.ext_id, l.expires_on, NULL, l.therapist_id, NULL, NULL, NULL
      FROM needed n JOIN license l ON l.agency_id = $1::int AND l.therapist_id = n.therapist_id
       AND l.expires_on <= n.until_on
       AND l.expires_on >= (SELECT coalesce(oldest, '-infinity') FROM reach WHERE track = 'license')
       AND l.expires_on <= (SELECT latest FROM reach WHERE track = 'license')
     WHERE license_status(l, $2::date) = 'active'
    UNION ALL
    SELECT p.track, t.therapist_id, 'therapist', t.ext_id, p.anchor, NULL, t.therapist_id, NULL, NULL, NULL
      FROM needed n JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = n.therapist_id,
           LATERAL (VALUES ('attestation', t.caqh_attested_on + ($12::jsonb ->> 'caqh_days')::int),
                           ('insurance', t.insurance_expires_on)) AS p (track, anchor)
     WHERE p.anchor <= n.until_on
), place AS MATERIALIZED ( -- which rungs a date stands on; the newest alone where only that may go
    SELECT r.variant, d.track, d.anchor, r.step, r.ordinal, r.latest,
           row_number() OVER (PARTITION BY r.variant, d.track, d.anchor ORDER BY r.ordinal DESC) AS rank
      FROM (SELECT DISTINCT track, anchor FROM stand) d
      JOIN rung r ON r.track = d.track AND d.anchor <= r.latest AND (r.oldest IS NULL OR d.anchor >= r.oldest)
), chosen AS (
    SELECT DISTINCT ON (s.track, s.subject_id, s.anchor) s.*, p.step, p.ordinal
      FROM stand s JOIN place p ON p.track = s.track AND p.anchor = s.anchor AND ($8 = 'one_step' OR p.rank = 1)
     WHERE p.variant = coalesce((SELECT y.ext_id FROM own_ladder y WHERE y.payer_id = s.payer_id), '')
       AND (s.agreed_on IS NULL
            OR s.anchor > p.latest - ($2::date - s.agreed_on) + ($12::jsonb ->> 'quiet_days')::int)
       -- OFFSET 0: probed by its key, the ledger grows for ever.
       AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'payer_followup'
                          AND f.subject_id = s.subject_id AND f.cycle = s.anchor
                          AND (f.step = p.step OR (f.ordinal / 1000000 = p.ordinal / 1000000 AND f.ordinal >= p.ordinal))
                       OFFSET 0)
     ORDER BY s.track, s.subject_id, s.anchor, CASE WHEN $8 = 'one_step' THEN p.ordinal ELSE -p.ordinal END
)
SELECT c.subject_id, c.kind || ':' || c.ext_id AS subject, c.anchor AS cycle, c.step, c.ordinal,
       coalesce(y.payer_id, t.therapist_id) AS party_id,
       coalesce('payer:' || y.ext_id, 'therapist:' || t.ext_id) AS party,
       CASE c.track WHEN 'followup' THEN 'pending since ' || c.anchor
                    WHEN 'escalation' THEN 'pending since ' || c.anchor
                    WHEN 'agreed' THEN 'they are to be asked again on ' || c.anchor
                    WHEN 'info' THEN 'they asked us for something on ' || c.said
                    WHEN 'info_window' THEN 'they asked us for something on ' || c.said
                    WHEN 'draft' THEN 'not submitted yet'
                    WHEN 'denied' THEN 'denied on ' || c.anchor
                    WHEN 'revalidation' THEN 'to be revalidated by ' || c.anchor
                    WHEN 'gap' THEN 'no panel in effect: ' || c.said
                    WHEN 'license' THEN 'expires on ' || c.anchor || before.words
                    WHEN 'attestation' THEN 'CAQH is due on ' || c.anchor || before.words
                    WHEN 'insurance' THEN 'insurance expires on ' || c.anchor || before.words
                    ELSE 'approved on ' || c.anchor END AS why
  FROM chosen c JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = c.therapist_id
  LEFT JOIN payer y ON y.agency_id = $1::int AND y.payer_id = c.payer_id,
       (SELECT ', before the decision that is to be expected' AS words) before
 WHERE (c.therapist_id IN (SELECT subject_id FROM held WHERE about = 'therapist')
        OR (c.placement_id IN (SELECT subject_id FROM held WHERE about = 'placement'))
        OR (c.kind IN ('application', 'license')
            AND (c.kind, c.subject_id) IN (SELECT about, subject_id FROM held))) IS NOT TRUE
