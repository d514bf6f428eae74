-- why_exists.sql: $1 agency $2 kind $3 id.
SELECT FROM subject WHERE agency_id = $1::int AND kind = $2 AND ext_id = $3
UNION ALL SELECT FROM message WHERE $2 = 'message' AND agency_id = $1::int AND message_id::text = $3
UNION ALL SELECT FROM task WHERE $2 = 'task' AND agency_id = $1::int AND task_id::text = $3
