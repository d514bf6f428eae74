-- schedule_paused.sql: $1 agency, $2 worker; who paused it, if anyone.
SELECT paused_by FROM schedule WHERE agency_id = $1::int AND worker = $2
