-- job_still_ready.sql: $1 job ids of a window; those that nobody has finished or parked meanwhile.
SELECT job_id, agency_id, subject, step FROM job WHERE job_id = ANY ($1::bigint[]) AND state = 'ready'
