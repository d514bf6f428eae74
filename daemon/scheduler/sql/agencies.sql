-- agencies.sql: every agency, in the order of their own ids.
SELECT agency_id FROM agency ORDER BY ext_id
