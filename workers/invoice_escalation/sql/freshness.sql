-- freshness.sql: $1 agency; when payments were last imported. Chasing on stale payments writes to those who have paid.
SELECT max(at) AS at FROM import WHERE agency_id = $1::int AND entity = 'payments'
