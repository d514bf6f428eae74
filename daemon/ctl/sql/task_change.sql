-- task_change.sql: $1 agency $2 task $3 state $4 outcome $5 note $6 until $7 now $8 assignee's own id, or NULL. Nothing
-- when somebody, or its room, closed it meanwhile.
WITH changed AS (
UPDATE task SET state = $3, outcome = coalesce($4, outcome), note = coalesce($5, note), until_on = $6::date,
                closed_at = CASE WHEN $3 = 'done' THEN $7::timestamptz END,
                assignee_id = coalesce(s.staff_id, assignee_id)
  FROM (SELECT max(staff_id) AS staff_id FROM staff WHERE agency_id = $1::int AND ext_id = $8) s
 WHERE task.agency_id = $1::int AND task_id::text = $2 AND task.state IN ('open', 'taken', 'snoozed') AND ($8::text IS NULL OR s.staff_id IS NOT NULL)
RETURNING task_id, task.assignee_id, task.state
), hook AS (
    INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject)
    SELECT $1::int, 'task_desk', task_id, $7::timestamptz::date, 'webhook_closed', -1, assignee_id, $7::timestamptz,
           $7::timestamptz, 'task:' || task_id
      FROM changed
     WHERE state = 'done' AND EXISTS (SELECT FROM step WHERE agency_id = $1::int AND worker = 'task_desk'
                                         AND step = 'webhook')
        ON CONFLICT DO NOTHING
)
SELECT task_id FROM changed
