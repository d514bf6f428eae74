-- jobs.sql: the queue: $1 agency $2 worker $3 state $4 since $5 party.
SELECT j.job_id AS "job:int", j.worker, j.step, j.subject, j.party, j.state,
       to_char(j.ready_at, 'YYYY-MM-DD HH24:MI') AS ready_at, j.tries AS "tries:int", j.starts AS "starts:int", j.reason
  FROM job j
 WHERE j.agency_id = $1::int AND ($2::text IS NULL OR j.worker = $2) AND ($3::text IS NULL OR j.state = $3)
   AND ($4::date IS NULL OR j.ready_at >= $4::date) AND ($5::text IS NULL OR j.party = $5)
 ORDER BY j.ready_at, j.job_id
