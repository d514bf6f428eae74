-- job_retry.sql: $1 agency $2 job $3 now; a parked or waiting job is ready, with its starts forgiven.
UPDATE job SET state = 'ready', ready_at = $3::timestamptz, starts = 0, reason = NULL
 WHERE agency_id = $1::int AND job_id::text = $2
