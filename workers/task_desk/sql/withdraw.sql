-- withdraw.sql: tasks that climbed, of which the task below is closed by now (parameters in daemon/lib/rooms.h).
SELECT c.task_id, 'task ' || t.task_id || ' is ' || t.state
                  || coalesce(': ' || CASE t.state WHEN 'done' THEN replace(t.outcome, '_', ' ') ELSE t.note END, '') AS reason
  FROM task c JOIN task t ON t.agency_id = c.agency_id AND t.task_id = ANY (own_ids(c.subjects, 'task')::bigint[])
 WHERE c.agency_id = $1::int AND c.worker = 'task_desk' AND c.state IN ('open', 'taken', 'snoozed')
   AND t.state IN ('done', 'withdrawn') AND $2::date IS NOT NULL AND $3::jsonb IS NOT NULL
