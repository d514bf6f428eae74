-- webhook_step.sql: $1 agency, $2 whether web hooks are configured.
WITH gone AS (
    DELETE FROM step WHERE agency_id = $1::int AND worker = 'task_desk' AND step = 'webhook' AND NOT $2::boolean
)
INSERT INTO step (agency_id, worker, step, ordinal, at)
SELECT $1::int, 'task_desk', 'webhook', -1, '0d' WHERE $2::boolean
    ON CONFLICT DO NOTHING
