-- why_exists.sql: $1 agency $2 kind $3 id.
SELECT FROM invoice WHERE $2 = 'invoice' AND agency_id = $1::int AND ext_id = $3
UNION ALL SELECT FROM facility WHERE $2 = 'facility' AND agency_id = $1::int AND ext_id = $3
UNION ALL SELECT FROM staff WHERE $2 = 'staff' AND agency_id = $1::int AND ext_id = $3
UNION ALL SELECT FROM message WHERE $2 = 'message' AND agency_id = $1::int AND message_id::text = $3
UNION ALL SELECT FROM task WHERE $2 = 'task' AND agency_id = $1::int AND task_id::text = $3
