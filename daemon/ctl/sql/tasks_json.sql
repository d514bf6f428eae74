-- tasks_json.sql: tasks as effects: $1 agency $2 assignee $3 state $4 room.
SELECT to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, t.worker, t.step, 'task' AS effect,
       t.party, to_json(t.subjects)::text AS "subjects:json", 'staff:' || s.ext_id AS assignee, t.priority,
       t.due_on AS due, t.title, t.state, t.task_id AS "task:int", t.reason, t.outcome
  FROM task t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
 WHERE t.agency_id = $1::int AND ($2::text IS NULL OR s.ext_id = $2)
   AND (t.state = $3 OR ($3::text IS NULL AND t.state IN ('open', 'taken', 'snoozed')))
   AND ($4::text IS NULL OR t.worker = $4)
 ORDER BY t.created_at, t.task_id
