-- occurrence_last.sql: $1 agency $2 worker $3 now; the newest nominal time that is not in the future.
SELECT max(nominal) AS nominal FROM occurrence
 WHERE agency_id = $1::int AND worker = $2 AND nominal <= $3::timestamptz
