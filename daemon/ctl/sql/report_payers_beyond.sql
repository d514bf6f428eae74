-- report_payers_beyond.sql: $1 agency  $2 date; the pending files that take longer than their payer's usual.
WITH pending AS MATERIALIZED (
    SELECT a.*, application_status(a, $2::date) AS now FROM pending_applications($1::int, $2::date) a
), pace AS MATERIALIZED (
    SELECT y.payer_id, CASE WHEN count(h.days) >= 5 THEN percentile_cont(0.9) WITHIN GROUP (ORDER BY h.days)::numeric ELSE 180 END
           AS usual
      FROM (SELECT DISTINCT payer_id FROM pending) y
      LEFT JOIN (SELECT payer_id, status_on - submitted_on AS days FROM panel_application
                  WHERE agency_id = $1::int AND status IN ('approved', 'denied') AND status_on <= $2::date) h USING (payer_id)
     GROUP BY y.payer_id
)
SELECT a.ext_id AS application, t.ext_id AS therapist, t.name, y.ext_id AS payer, a.submitted_on, a.now AS status,
       $2::date - a.submitted_on AS "days:int", round(p.usual, 1) AS usual_days, a.reference
  FROM pending a JOIN pace p USING (payer_id)
  JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = a.therapist_id
  JOIN payer y ON y.agency_id = $1::int AND y.payer_id = a.payer_id
 WHERE $2::date - a.submitted_on > p.usual
 ORDER BY $2::date - a.submitted_on DESC, a.ext_id
