-- withdraw.sql: the room's open tasks whose cause is gone (parameters in daemon/lib/rooms.h). The first word of a
-- task's matter is its track (decide.c); of the two that ask a payer, the one for an agreed day bears that day as cycle.
WITH open AS MATERIALIZED (
    SELECT t.task_id, t.cycle, t.subjects[1] AS subject, t.party, split_part(t.matter, ' ', 1) AS track,
           split_part(t.subjects[1], ':', 1) AS kind, substr(t.subjects[1], strpos(t.subjects[1], ':') + 1) AS ext_id,
           substr(t.party, strpos(t.party, ':') + 1) AS party_ext
      FROM task t WHERE t.agency_id = $1::int AND t.worker = 'payer_followup' AND t.state IN ('open', 'taken', 'snoozed')
), needed AS MATERIALIZED (
    SELECT n.* FROM papers_needed($1::int, $2::date, $3::jsonb, ARRAY(
        SELECT t.therapist_id FROM open o JOIN therapist t ON t.agency_id = $1::int AND t.ext_id = o.party_ext
         WHERE o.track IN ('license', 'attestation', 'insurance'))) n
), judged AS (
    SELECT o.task_id, application_gone(a, CASE WHEN o.track = 'followup' AND o.cycle <> a.submitted_on THEN 'agreed' ELSE o.track END,
                                       o.cycle, $2::date, $3::jsonb) AS reason
      FROM open o JOIN panel_application a ON a.agency_id = $1::int AND a.ext_id = o.ext_id
     WHERE o.kind = 'application'
    UNION ALL
    SELECT o.task_id, gap_gone(p, s.covered_by, s.covered_from, $2::date)
      FROM open o JOIN placement p ON p.agency_id = $1::int AND p.ext_id = o.ext_id
      JOIN payer y ON y.agency_id = $1::int AND y.ext_id = o.party_ext,
           LATERAL panel_standing($1::int, p.therapist_id, y.payer_id, greatest($2::date, p.start_on), $2::date) s
     WHERE o.track = 'gap'
    UNION ALL
    SELECT o.task_id, CASE WHEN NOT EXISTS (SELECT FROM placement_payer b WHERE b.agency_id = $1::int
                                               AND b.placement_id = p.placement_id AND b.payer_id = y.payer_id)
                           THEN 'the placement no longer bills ' || y.name END
      FROM open o JOIN placement p ON p.agency_id = $1::int AND p.ext_id = o.ext_id
      JOIN payer y ON y.agency_id = $1::int AND y.ext_id = o.party_ext
     WHERE o.track = 'gap'
    UNION ALL
    SELECT o.task_id, paper_gone(o.track, o.cycle, l.expires_on, license_status(l, $2::date), n.until_on)
      FROM open o JOIN license l ON l.agency_id = $1::int AND l.ext_id = o.ext_id
      LEFT JOIN needed n ON n.therapist_id = l.therapist_id
     WHERE o.track = 'license'
    UNION ALL
    SELECT o.task_id, paper_gone(o.track, o.cycle, CASE o.track WHEN 'insurance' THEN t.insurance_expires_on
                                 ELSE t.caqh_attested_on + ($3::jsonb ->> 'caqh_days')::int END, 'active', n.until_on)
      FROM open o JOIN therapist t ON t.agency_id = $1::int AND t.ext_id = o.ext_id
      LEFT JOIN needed n ON n.therapist_id = t.therapist_id
     WHERE o.track IN ('attestation', 'insurance')
)
SELECT task_id, min(reason) AS reason FROM judged WHERE reason IS NOT NULL GROUP BY task_id
