-- freshness.sql: $1 agency; when licenses were last imported. Used where the schedule sets stop_if_data_older_than.
SELECT max(at) AS at FROM import WHERE agency_id = $1::int AND entity = 'licenses'
