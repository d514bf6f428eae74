-- job_later.sql: $1 jobs $2 until $3 reasons (parallel) $4 one try more (1) or not (0).
UPDATE job SET ready_at = v.until, reason = v.reason, tries = tries + $4::int
  FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS v (job_id, until, reason)
 WHERE job.job_id = v.job_id
