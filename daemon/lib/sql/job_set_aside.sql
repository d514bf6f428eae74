-- job_set_aside.sql: $1 jobs of a party that cannot be worked on, $2 state (parked, or ready again at $4), $3 why.
UPDATE job SET state = $2, reason = $3, ready_at = $4::timestamptz WHERE job_id = ANY ($1::bigint[]) AND state = 'ready'
RETURNING job_id, agency_id, step
