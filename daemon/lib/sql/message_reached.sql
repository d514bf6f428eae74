-- message_reached.sql: $1 job ids $2 recipient; a row when a letter about these steps has reached him, or may have.
SELECT FROM job j JOIN message_step s USING (agency_id, worker, subject_id, cycle, step)
  JOIN message m ON m.agency_id = s.agency_id AND m.message_id = s.message_id
 WHERE j.job_id = ANY ($1::bigint[]) AND s.recipient = $2 AND m.state <> 'failed' LIMIT 1
