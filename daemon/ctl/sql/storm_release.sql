-- storm_release.sql: $1 agency $2 worker $3 now.
UPDATE job SET state = 'ready', ready_at = $3::timestamptz, reason = NULL
 WHERE agency_id = $1::int AND worker = $2 AND state = 'held'
