-- freshness.sql: $1 agency; when the panel applications were last imported.
SELECT max(at) AS at FROM import WHERE agency_id = $1::int AND entity = 'panel_applications'
