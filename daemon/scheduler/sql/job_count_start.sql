-- job_count_start.sql: $1 jobs of the batch that a worker died over, $2 how many starts are enough, $3 now: what it had
-- put off to a later time was no longer in its hand.
UPDATE job SET starts = starts + 1,
               state = CASE WHEN starts + 1 >= $2::int THEN 'parked' ELSE state END,
               reason = CASE WHEN starts + 1 >= $2::int THEN 'parked: ' || $2 || ' workers died with it' ELSE reason END
 WHERE job_id = ANY ($1::bigint[]) AND state = 'ready' AND ready_at <= $3::timestamptz
RETURNING job_id, agency_id, worker, step, state
