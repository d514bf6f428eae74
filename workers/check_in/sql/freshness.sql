-- freshness.sql: $1 agency; when placements or their answers were last imported.
SELECT max(at) AS at FROM import WHERE agency_id = $1::int AND entity IN ('placements', 'responses')
