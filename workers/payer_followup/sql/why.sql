-- why.sql: where an application, a placement's billing, a license, a therapist's papers or a payer stand (parameters and
-- columns in daemon/lib/rooms.h).
WITH application AS (
    SELECT a.agency_id, a.application_id, a.submitted_on, a.status_on, y.ext_id AS payer, y.name AS payer_name,
           t.name AS therapist_name, application_status(a, $4::date) AS now,
           (a.next_on > $4::date) IS TRUE AS is_quiet,
           subject_held(a.agency_id, ARRAY['application', 'therapist'], ARRAY[a.application_id, a.therapist_id], $4::date) AS held,
           payer_usual(a.agency_id, a.payer_id, $4::date, $5::jsonb) AS usual
      FROM panel_application a JOIN payer y USING (agency_id, payer_id) JOIN therapist t USING (agency_id, therapist_id)
     WHERE a.agency_id = $1::int AND $2 = 'application' AND a.ext_id = $3
), track AS (
    SELECT r.place, r.track, r.anchor, x.payer AS variant, r.gone, x.held
      FROM application x JOIN panel_application a USING (agency_id, application_id), LATERAL (VALUES
        (1, 'followup', a.submitted_on, CASE WHEN x.is_quiet THEN 'they are to be asked again on ' || a.next_on END),
        (2, 'agreed', a.next_on, NULL), (3, 'escalation', a.submitted_on, NULL), (4, 'info', a.status_on, NULL),
        (5, 'info_window', a.status_on + ($5::jsonb ->> 'info_window_days')::int, NULL), (6, 'draft', a.status_on, NULL),
        (7, 'denied', a.status_on, NULL), (8, 'effective', a.status_on, NULL), (9, 'loading', a.status_on, NULL),
        (10, 'directory', a.status_on, NULL), (11, 'revalidation', a.revalidate_on, NULL)
      ) AS of (place, track, anchor, gone),
      LATERAL (SELECT of.place, of.track, of.anchor,
                      coalesce(of.gone, application_gone(a, of.track, of.anchor, $4::date, $5::jsonb)) AS gone) r
     WHERE r.anchor IS NOT NULL AND CASE x.now
               WHEN 'draft' THEN r.track = 'draft' WHEN 'denied' THEN r.track = 'denied'
               WHEN 'approved' THEN r.track IN ('effective', 'loading', 'directory', 'revalidation')
               WHEN 'info_requested' THEN r.track IN ('info', 'info_window', 'escalation')
               WHEN 'withdrawn' THEN r.track = 'followup' ELSE r.track IN ('followup', 'agreed', 'escalation') END
), gap AS (
    SELECT p.start_on, y.ext_id AS payer, y.name, s.*, gap_gone(p, s.covered_by, s.covered_from, $4::date) AS gone,
           subject_held(p.agency_id, ARRAY['placement', 'therapist'], ARRAY[p.placement_id, p.therapist_id], $4::date) AS held
      FROM placement p JOIN placement_payer b USING (agency_id, placement_id) JOIN payer y USING (agency_id, payer_id),
           LATERAL panel_standing(p.agency_id, p.therapist_id, b.payer_id, greatest($4::date, p.start_on), $4::date) s
     WHERE p.agency_id = $1::int AND $2 = 'placement' AND p.ext_id = $3 AND p.insurance_billing
), paper AS (
    SELECT x.track, x.anchor, coalesce(paper_gone(x.track, x.anchor, x.anchor, x.status, n.until_on),
                                       CASE WHEN n.until_on < x.anchor THEN '' END) AS gone, n.until_on,
           subject_held($1::int, ARRAY['therapist'], ARRAY[x.therapist_id], $4::date) AS held
      FROM (SELECT 'license' AS track, l.expires_on AS anchor, l.therapist_id, license_status(l, $4::date) AS status
              FROM license l WHERE l.agency_id = $1::int AND $2 = 'license' AND l.ext_id = $3
            UNION ALL
            SELECT v.track, v.anchor, t.therapist_id, 'active' FROM therapist t,
                   LATERAL (VALUES ('attestation', t.caqh_attested_on + ($5::jsonb ->> 'caqh_days')::int),
                                   ('insurance', t.insurance_expires_on)) AS v (track, anchor)
             WHERE t.agency_id = $1::int AND $2 = 'therapist' AND t.ext_id = $3) x
      LEFT JOIN LATERAL papers_needed($1::int, $4::date, $5::jsonb, ARRAY[x.therapist_id]) n ON true
     WHERE x.anchor IS NOT NULL
)
SELECT track, anchor, variant, facts, gone, held FROM (
    SELECT 0 AS place, NULL AS track, NULL::date AS anchor, NULL AS variant,
           therapist_name || ' with ' || payer_name || ', ' || replace(now, '_', ' ') || coalesce(' since '
               || CASE WHEN now = 'submitted' THEN submitted_on ELSE status_on END, '')
               || CASE WHEN now IN ('submitted', 'in_review', 'info_requested')
                       THEN E'\nday ' || $4::date - submitted_on || '; a decision is to be expected after ' || usual || ' days'
                       ELSE '' END AS facts, NULL AS gone, NULL AS held
      FROM application
    UNION ALL SELECT place, track, anchor, variant, NULL, gone, held FROM track
    UNION ALL SELECT 20, 'gap', greatest(start_on, ended_on), payer, name || ': ' || coalesce('paneled by ' || covered_by, standing),
                     gone, held FROM gap
    UNION ALL SELECT 30, track, anchor, '', track || coalesce(': panels are pending, with decisions expected by ' || until_on,
                                                              ': no panel application is pending'), gone, held FROM paper
    UNION ALL
    SELECT 40, NULL, NULL, NULL, p.decided || ' decisions' || CASE WHEN p.decided = 0 THEN '' ELSE ', median '
               || round(p.median, 1) || ' days, nine in ten within ' || round(p.p90, 1) END, NULL, NULL
      FROM payer y, LATERAL payer_pace(y.agency_id, y.payer_id, $4::date, NULL) p
     WHERE y.agency_id = $1::int AND $2 = 'payer' AND y.ext_id = $3
) w ORDER BY place, variant, anchor
