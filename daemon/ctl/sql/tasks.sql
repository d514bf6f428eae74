-- tasks.sql: $1 agency $2 assignee $3 state (NULL: the open ones) $4 room.
SELECT t.task_id AS "task:int", s.ext_id AS assignee, t.priority, t.due_on AS due, t.state, t.worker, t.title
  FROM task t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
 WHERE t.agency_id = $1::int AND ($2::text IS NULL OR s.ext_id = $2)
   AND (t.state = $3 OR ($3::text IS NULL AND t.state IN ('open', 'taken', 'snoozed')))
   AND ($4::text IS NULL OR t.worker = $4)
 ORDER BY t.due_on, array_position(ARRAY['urgent', 'high', 'normal', 'low'], t.priority), t.task_id
