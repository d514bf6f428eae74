-- job_later.sql: $1 job $2 until $3 reason $4 one try more (1) or not (0).
UPDATE job SET ready_at = $2::timestamptz, reason = $3, tries = tries + $4::int WHERE job_id = $1::bigint
