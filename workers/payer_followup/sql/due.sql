-- due.sql: what stands on a rung of this room that has not fired (parameters in daemon/lib/rooms.h).
-- Each track is anchored on a date of its own: `stand` says who stands where, the rungs are laid over its dates once.
-- While an agreed day is to come the cadence is silent, and so it is for rungs that were reached before that day.
WITH rung AS MATERIALIZED (
    SELECT variant, track, step, ordinal, max(latest) AS latest, min(oldest) AS oldest
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
     GROUP BY variant, track, step, ordinal
), reach AS MATERIALIZED (
    SELECT track, CASE WHEN bool_and(oldest IS NOT NULL) THEN min(oldest) END AS oldest, max(latest) AS latest
      FROM rung GROUP BY track
), pending AS MATERIALIZED (
    SELECT a.*, application_status(a, $2::date) AS now FROM pending_applications($1::int, $2::date) a
), decided AS MATERIALIZED ( -- lately enough for a step
    SELECT a.*, CASE WHEN a.status = 'denied' THEN application_followed_by(a, $2::date) END AS later FROM panel_application a
     WHERE a.agency_id = $1::int AND a.status IN ('approved', 'denied', 'withdrawn') AND a.status <> 'withdrawn'
       AND a.status_on <= $2::date
       AND a.status_on >= (SELECT CASE WHEN bool_and(oldest IS NOT NULL) THEN min(oldest) ELSE '-infinity' END FROM reach
                            WHERE track IN ('denied', 'effective', 'loading', 'directory'))
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
), stand AS MATERIALIZED (
    SELECT 'followup' AS track, a.application_id AS subject_id, 'application:' || a.ext_id AS subject,
           a.submitted_on AS anchor, a.payer_id, a.therapist_id, a.application_id, NULL::bigint AS placement_id,
           a.next_on AS agreed_on, 'pending since ' || a.submitted_on AS why
      FROM pending a WHERE a.now <> 'info_requested' AND (a.next_on IS NULL OR a.next_on < $2::date)
    UNION ALL
    SELECT 'agreed', a.application_id, 'application:' || a.ext_id, a.next_on, a.payer_id, a.therapist_id,
           a.application_id, NULL, NULL, 'they are to be asked again on ' || a.next_on
      FROM pending a WHERE a.next_on <= $2::date
    UNION ALL
    SELECT 'escalation', a.application_id, 'application:' || a.ext_id, a.submitted_on, a.payer_id, a.therapist_id,
           a.application_id, NULL, NULL, 'pending since ' || a.submitted_on
      FROM pending a
    UNION ALL
    SELECT t.track, a.application_id, 'application:' || a.ext_id,
           CASE t.track WHEN 'info' THEN a.status_on ELSE a.status_on + ($12::jsonb ->> 'info_window_days')::int END,
           a.payer_id, a.therapist_id, a.application_id, NULL, NULL, 'they asked us for something on ' || a.status_on
      FROM pending a, (VALUES ('info'), ('info_window')) AS t (track) WHERE a.now = 'info_requested'
    UNION ALL
    SELECT 'draft', a.application_id, 'application:' || a.ext_id, coalesce(a.status_on, p.offer_signed_on), a.payer_id,
           a.therapist_id, a.application_id, NULL, NULL, 'not submitted yet'
      FROM panel_application a LEFT JOIN placement p ON p.agency_id = a.agency_id AND p.placement_id = a.placement_id
     WHERE a.agency_id = $1::int AND a.status = 'draft'
    UNION ALL
    SELECT r.track, a.application_id, 'application:' || a.ext_id, a.status_on, a.payer_id, a.therapist_id,
           a.application_id, NULL, NULL, a.status || ' on ' || a.status_on
      FROM decided a JOIN reach r ON r.track = ANY (CASE a.status WHEN 'denied' THEN ARRAY['denied']
                                                    ELSE ARRAY['effective', 'loading', 'directory'] END)
     WHERE r.track <> 'denied' OR a.later IS NULL
    UNION ALL
    SELECT 'revalidation', a.application_id, 'application:' || a.ext_id, a.revalidate_on, a.payer_id, a.therapist_id,
           a.application_id, NULL, NULL, 'to be revalidated by ' || a.revalidate_on
      FROM revalidated a
    UNION ALL
    SELECT 'gap', g.billing_id, 'placement:' || g.ext_id, g.anchor, g.payer_id, g.therapist_id, NULL, g.placement_id, NULL,
           'no panel in effect: ' || g.standing
      FROM panel_gaps($1::int, $2::date, (SELECT latest FROM reach WHERE track = 'gap')) g
    UNION ALL
    SELECT 'license', l.license_id, 'license:' || l.ext_id, l.expires_on, NULL, l.therapist_id, NULL, NULL, NULL,
           'expires on ' || l.expires_on || ', before the decision that is to be expected'
      FROM needed n JOIN license l ON l.agency_id = $1::int AND l.therapist_id = n.therapist_id
       AND l.expires_on <= n.until_on
     WHERE license_status(l, $2::date) = 'active'
    UNION ALL
    SELECT p.track, t.therapist_id, 'therapist:' || t.ext_id, p.anchor, NULL, t.therapist_id, NULL, NULL, NULL,
           p.what || ' on ' || p.anchor || ', before the decision that is to be expected'
      FROM needed n JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = n.therapist_id,
           LATERAL (VALUES ('attestation', t.caqh_attested_on + ($12::jsonb ->> 'caqh_days')::int, 'CAQH is due'),
                           ('insurance', t.insurance_expires_on, 'insurance expires')) AS p (track, anchor, what)
     WHERE p.anchor <= n.until_on
), place AS MATERIALIZED ( -- which rungs a date stands on; the newest alone where only that may go
    SELECT d.variant, d.track, d.anchor, r.step, r.ordinal, r.latest,
           row_number() OVER (PARTITION BY d.variant, d.track, d.anchor ORDER BY r.ordinal DESC) AS rank
      FROM (SELECT DISTINCT v.variant, s.track, s.anchor FROM stand s, (SELECT DISTINCT variant FROM rung) v) d
      JOIN rung r ON r.variant = d.variant AND r.track = d.track AND d.anchor <= r.latest
       AND (r.oldest IS NULL OR d.anchor >= r.oldest)
), chosen AS (
    SELECT DISTINCT ON (s.track, s.subject_id, s.anchor) s.*, p.step, p.ordinal
      FROM (SELECT s.*, coalesce(y.ext_id, '') AS payer FROM stand s
              LEFT JOIN payer y ON y.agency_id = $1::int AND y.payer_id = s.payer_id) s
      JOIN place p ON p.track = s.track AND p.anchor = s.anchor AND ($8 = 'one_step' OR p.rank = 1)
       AND p.variant = CASE WHEN s.payer IN (SELECT variant FROM rung) THEN s.payer ELSE '' END
     WHERE (s.agreed_on IS NULL
            OR s.anchor > p.latest - ($2::date - s.agreed_on) + ($12::jsonb ->> 'quiet_days')::int)
       AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'payer_followup'
                          AND f.subject_id = s.subject_id AND f.cycle = s.anchor
                          AND (f.step = p.step OR (f.ordinal / 1000000 = p.ordinal / 1000000 AND f.ordinal >= p.ordinal)))
     ORDER BY s.track, s.subject_id, s.anchor, CASE WHEN $8 = 'one_step' THEN p.ordinal ELSE -p.ordinal END
)
SELECT c.subject_id, c.subject, c.anchor AS cycle, c.step, c.ordinal, coalesce(y.payer_id, t.therapist_id) AS party_id,
       coalesce('payer:' || y.ext_id, 'therapist:' || t.ext_id) AS party, c.why
  FROM chosen c JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = c.therapist_id
  LEFT JOIN payer y ON y.agency_id = $1::int AND y.payer_id = c.payer_id
 WHERE NOT EXISTS (SELECT FROM held h WHERE h.about = 'application' AND h.subject_id = c.application_id)
   AND NOT EXISTS (SELECT FROM held h WHERE h.about = 'therapist' AND h.subject_id = c.therapist_id)
   AND NOT EXISTS (SELECT FROM held h WHERE h.about = 'placement' AND h.subject_id = c.placement_id)
   AND NOT EXISTS (SELECT FROM held h WHERE h.about = 'license' AND c.track = 'license' AND h.subject_id = c.subject_id)
