-- fetch.sql: a window's jobs as they are now (parameters and standard columns in daemon/lib/room.h, the rest in
-- room.h's party_take_steps and in decide.h). The subject is an application; a placement that bills a payer (gap); or a
-- license or therapist whose papers must hold. What the templates may name is in config/templates/payer_followup/.
WITH asked AS (SELECT $3::bigint), mine AS (
    SELECT j.job_id, j.agency_id, j.subject_id, j.subject, j.party_id, j.party, j.cycle, j.step, j.ordinal, j.tries,
           j.worker, $4::jsonb -> 'tracks' ->> (j.ordinal / 1000000) AS track, a.name AS agency_name, a.reply_to,
           a.timezone AS zone, jsonb_build_object('name', a.name, 'reply_to', coalesce(a.reply_to, ''),
                                                  'postal_address', coalesce(a.postal_address, '')) AS agency
      FROM job j JOIN agency a USING (agency_id)
     WHERE j.job_id = ANY ($1::bigint[]) AND j.state = 'ready'
), needed AS MATERIALIZED (
    SELECT g.agency_id, n.* FROM (SELECT agency_id, array_agg(DISTINCT party_id) AS therapists FROM mine
                                   WHERE track IN ('license', 'attestation', 'insurance') GROUP BY agency_id) g,
           LATERAL papers_needed(g.agency_id, $2::date, $4::jsonb, g.therapists) n
), payer_of AS MATERIALIZED (
    SELECT y.agency_id, y.payer_id, y.ext_id, y.phone, y.name, pace.*,
           y.email IS NOT NULL AND NOT EXISTS (SELECT FROM suppression x WHERE x.agency_id = y.agency_id
                                                  AND x.address = lower(y.email)) AS reachable,
           jsonb_build_object('name', y.name, 'phone', coalesce(y.phone, 'no number on record'),
                              'portal', coalesce(y.portal_url, ''), 'has_portal', y.portal_url IS NOT NULL,
                              'has_usual', pace.decided >= ($4::jsonb ->> 'history_min')::int,
                              'usual_days', coalesce(ceil(pace.median)::int, 0), 'decided', pace.decided) AS payer
      FROM (SELECT DISTINCT agency_id, party_id FROM mine WHERE party LIKE 'payer:%') m
      JOIN payer y ON y.agency_id = m.agency_id AND y.payer_id = m.party_id,
           LATERAL payer_pace(y.agency_id, y.payer_id, $2::date, 200) pace
), of_application AS (
    SELECT m.*, y.ext_id AS variant, y.phone, y.reachable, NULL::text AS priority,
           jsonb_build_object('agency', m.agency, 'payer', y.payer) AS common,
           subject_held(m.agency_id, ARRAY['application', 'therapist'], ARRAY[a.application_id, a.therapist_id],
                        $2::date) AS held,
           CASE WHEN a.payer_id <> m.party_id THEN 'the application is with another payer'
                WHEN m.track = 'followup' AND a.next_on > $2::date
                THEN 'they are to be asked again on ' || long_date(a.next_on)
                ELSE application_gone(a, m.track, m.cycle, $2::date, $4::jsonb) END AS gone,
           CASE WHEN m.track = 'draft' THEN 'not submitted yet'
                WHEN m.track IN ('info', 'info_window')
                THEN y.name || ' asked for something on ' || long_date(a.status_on)
                WHEN m.track = 'revalidation'
                THEN 'the panel with ' || y.name || ' is to be revalidated by ' || long_date(a.revalidate_on)
                WHEN s.now IN ('approved', 'denied') THEN y.name || ' ' || s.now || ' it on ' || long_date(a.status_on)
                ELSE 'with ' || y.name || ' for ' || $2::date - a.submitted_on || ' days'
                     || CASE WHEN m.track = 'agreed' THEN '; today was agreed for the next call' ELSE '' END
                     || coalesce('; needed for ' || need.placements, '') END AS why,
           jsonb_build_object(
               'name', t.name, 'application', a.ext_id, 'reference', coalesce(a.reference, ''),
               'has_reference', a.reference IS NOT NULL, 'submitted', coalesce(long_date(a.submitted_on), ''),
               'days', coalesce($2::date - a.submitted_on, 0),
               'standing', CASE s.now WHEN 'in_review' THEN 'in review' WHEN 'info_requested'
                   THEN 'waiting for something from us' ELSE 'not confirmed as complete' END
                   || CASE s.now WHEN 'submitted' THEN ' so far' ELSE coalesce(' since ' || long_date(a.status_on), '') END,
               'status_day', coalesce(long_date(a.status_on), ''), 'first', $2::date - a.submitted_on < 14,
               'in_review', s.now = 'in_review', 'asked', s.now = 'info_requested', 'unconfirmed', s.now = 'submitted',
               'has_effective', a.effective_on IS NOT NULL, 'effective', coalesce(long_date(a.effective_on), ''),
               'revalidate', coalesce(long_date(a.revalidate_on), ''),
               'opens', coalesce(long_date(a.revalidate_on - ($4::jsonb ->> 'opens_days')::int), ''),
               'window_ends', coalesce(long_date(a.status_on + ($4::jsonb ->> 'info_window_days')::int), ''),
               'has_placements', need.placements IS NOT NULL, 'placements', coalesce(need.placements, ''),
               'has_others', others.list IS NOT NULL, 'others', coalesce(others.list, ''),
               'history', coalesce(panel_history(m.agency_id, m.subject_id, m.subject, m.party), 'nothing on record yet')
           ) AS item
      FROM mine m JOIN panel_application a ON a.agency_id = m.agency_id AND a.application_id = m.subject_id
      JOIN therapist t ON t.agency_id = a.agency_id AND t.therapist_id = a.therapist_id
      JOIN payer_of y ON y.agency_id = m.agency_id AND y.payer_id = m.party_id,
           LATERAL (SELECT application_status(a, $2::date) AS now) s,
           LATERAL (SELECT panel_placements(a.agency_id, a.therapist_id, a.payer_id, $2::date) AS placements) need,
           LATERAL (SELECT string_agg(o.words, '; ' ORDER BY o.submitted_on) AS list FROM (
                        SELECT ot.name || ', submitted ' || long_date(o.submitted_on)
                               || coalesce(', reference ' || o.reference, '') AS words, o.submitted_on
                          FROM panel_application o JOIN therapist ot USING (agency_id, therapist_id)
                         WHERE m.track IN ('followup', 'agreed') AND NOT y.reachable AND o.agency_id = a.agency_id
                           AND o.payer_id = a.payer_id AND o.status IN ('submitted', 'in_review')
                           AND o.submitted_on <= $2::date AND o.application_id <> a.application_id
                         ORDER BY o.submitted_on LIMIT 8) o) others
     WHERE m.track NOT IN ('gap', 'license', 'attestation', 'insurance')
), of_gap AS (
    SELECT m.*, y.ext_id AS variant, y.phone, y.reachable, NULL::text AS priority,
           jsonb_build_object('agency', m.agency, 'payer', y.payer) AS common,
           subject_held(m.agency_id, ARRAY['placement', 'therapist'], ARRAY[p.placement_id, p.therapist_id], $2::date) AS held,
           gap_gone(p, s.covered_by, s.covered_from, $2::date) AS gone,
           t.name || ' at ' || f.name || ' bills ' || y.name || ': ' || s.standing AS why,
           jsonb_build_object('name', t.name, 'facility', f.name, 'placement', p.ext_id, 'gap', s.standing,
               'started', p.start_on <= $2::date, 'start', coalesce(long_date(p.start_on), 'a day that nobody entered')) AS item
      FROM mine m JOIN placement_payer b ON b.agency_id = m.agency_id AND b.billing_id = m.subject_id
      JOIN placement p ON p.agency_id = b.agency_id AND p.placement_id = b.placement_id
      JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.facility_id
      JOIN therapist t ON t.agency_id = p.agency_id AND t.therapist_id = p.therapist_id
      JOIN payer_of y ON y.agency_id = m.agency_id AND y.payer_id = m.party_id,
           LATERAL panel_standing(p.agency_id, p.therapist_id, b.payer_id, greatest($2::date, p.start_on), $2::date) s
     WHERE m.track = 'gap'
), of_paper AS (
    SELECT m.*, ''::text AS variant, t.phone,
           t.email IS NOT NULL AND NOT EXISTS (SELECT FROM suppression x WHERE x.agency_id = t.agency_id
                                                  AND x.address = lower(t.email)) AS reachable, NULL::text AS priority,
           jsonb_build_object('agency', m.agency, 'therapist', jsonb_build_object('name', t.name,
               'phone', coalesce(t.phone, 'no number on record'), 'email', coalesce(t.email, 'no address on record'))) AS common,
           subject_held(m.agency_id, ARRAY['license', 'therapist'], ARRAY[l.license_id, t.therapist_id], $2::date) AS held,
           CASE WHEN l.therapist_id <> m.party_id THEN 'the license is another therapist''s' ELSE
           paper_gone(m.track, m.cycle, p.expires_on, CASE WHEN l.license_id IS NULL THEN 'active'
                                                           ELSE license_status(l, $2::date) END, n.until_on) END AS gone,
           t.name || ': ' || p.what || CASE WHEN m.track = 'attestation'
               THEN CASE WHEN m.cycle < $2::date THEN ' was due on ' ELSE ' is due on ' END
               ELSE CASE WHEN m.cycle < $2::date THEN ' ran out on ' ELSE ' runs out on ' END END || long_date(m.cycle)
               || ', before the decision of ' || coalesce(w.list, 'any payer') AS why,
           jsonb_build_object('what', p.what, 'expires', long_date(m.cycle), 'passed', m.cycle < $2::date,
               'is_license', m.track = 'license', 'is_attestation', m.track = 'attestation',
               'is_insurance', m.track = 'insurance', 'pending', coalesce(w.list, '')) AS item
      FROM mine m
      LEFT JOIN license l ON m.track = 'license' AND l.agency_id = m.agency_id AND l.license_id = m.subject_id
      JOIN therapist t ON t.agency_id = m.agency_id AND t.therapist_id = m.party_id
      LEFT JOIN needed n ON n.agency_id = t.agency_id AND n.therapist_id = t.therapist_id,
           LATERAL (SELECT CASE m.track WHEN 'license' THEN l.expires_on WHEN 'insurance' THEN t.insurance_expires_on
                                ELSE t.caqh_attested_on + ($4::jsonb ->> 'caqh_days')::int END AS expires_on,
                           CASE m.track WHEN 'license' THEN 'the ' || license_label(l.state, l.type)
                                WHEN 'insurance' THEN 'the malpractice certificate' ELSE 'the CAQH attestation' END AS what) p,
           LATERAL (SELECT string_agg(DISTINCT y.name, ', ' ORDER BY y.name) AS list
                      FROM panel_application a JOIN payer y USING (agency_id, payer_id)
                     WHERE a.agency_id = t.agency_id AND a.therapist_id = t.therapist_id AND a.submitted_on <= $2::date
                       AND application_status(a, $2::date) IN ('submitted', 'in_review', 'info_requested')) w
     WHERE m.track IN ('license', 'attestation', 'insurance')
), every AS (
    SELECT * FROM of_application UNION ALL SELECT * FROM of_gap UNION ALL SELECT * FROM of_paper
)
SELECT e.job_id, e.agency_id, e.subject_id, e.subject, e.party_id, e.party, e.cycle, e.step, e.ordinal, e.tries, e.variant,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = e.agency_id AND f.worker = e.worker
                  AND f.subject_id = e.subject_id AND f.cycle = e.cycle AND f.step = e.step) AS fired,
       e.held, e.zone, e.agency_name AS from_name, e.reply_to, e.gone, e.why, e.phone, e.priority, e.common, e.item,
       NULL::jsonb AS documents, e.reachable
  FROM every e ORDER BY e.agency_id, e.party, e.subject, e.ordinal
