-- schedule_resume.sql: $1 agency $2 worker.
UPDATE schedule SET paused_by = NULL, paused_at = NULL
 WHERE agency_id = $1::int AND worker = $2 AND paused_by IS NOT NULL
