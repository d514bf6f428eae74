-- why_waits.sql: jobs of $2:$3 in the queue and why they wait. $1 agency; $4 is not used.
SELECT j.job_id AS "job:int", j.step, j.state, to_char(j.ready_at, 'YYYY-MM-DD HH24:MI') AS ready_at, j.reason
  FROM job j
  LEFT JOIN invoice i ON j.worker = 'invoice_escalation' AND i.agency_id = j.agency_id AND i.invoice_id = j.subject_id
  LEFT JOIN facility f ON j.worker = 'invoice_escalation' AND f.agency_id = j.agency_id AND f.facility_id = j.party_id
 WHERE j.agency_id = $1::int AND (($2 = 'invoice' AND i.ext_id = $3) OR ($2 = 'facility' AND f.ext_id = $3))
   AND ($4::text IS NULL OR $4 IS NOT NULL)
 ORDER BY j.ready_at
