-- why_waits.sql: jobs of $2:$3 in the queue and why they wait. $1 agency; $4 is not used.
SELECT j.job_id AS "job:int", j.worker, j.step, j.state, to_char(j.ready_at, 'YYYY-MM-DD HH24:MI') AS ready_at, j.reason
  FROM job j
 WHERE j.agency_id = $1::int AND ($2 || ':' || $3 IN (j.subject, j.party))
   AND ($4::text IS NULL OR $4 IS NOT NULL)
 ORDER BY j.ready_at
