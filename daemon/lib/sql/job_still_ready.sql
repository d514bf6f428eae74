-- job_still_ready.sql: $1 job ids of a window; those that nobody has finished or parked meanwhile. By job_id: where the
-- statistics are old, a scan of job_ready would look as good.
SELECT job_id, agency_id, subject, step FROM job WHERE job_id = ANY ($1::bigint[]) AND state || '' = 'ready'
