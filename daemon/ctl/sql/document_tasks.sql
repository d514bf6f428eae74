-- document_tasks.sql: $1 agency $2 id; the open tasks that ask for this document.
SELECT task_id FROM task WHERE agency_id = $1::int AND matter = 'document ' || $2 AND state IN ('open', 'taken', 'snoozed')
