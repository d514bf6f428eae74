-- agency_choose.sql: $1 the agency's own id, or NULL for all.
SELECT agency_id, ext_id FROM agency WHERE $1::text IS NULL OR ext_id = $1
