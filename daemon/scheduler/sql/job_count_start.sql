-- job_count_start.sql: $1 jobs that a dead worker had in hand, $2 how many starts are enough.
UPDATE job SET starts = starts + 1,
               state = CASE WHEN starts + 1 >= $2::int THEN 'parked' ELSE state END,
               reason = CASE WHEN starts + 1 >= $2::int THEN 'parked: ' || $2 || ' workers died with it' ELSE reason END
 WHERE job_id = ANY ($1::bigint[])
RETURNING job_id, agency_id, worker, step, state
