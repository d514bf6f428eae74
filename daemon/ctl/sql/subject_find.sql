-- subject_find.sql: $1 agency $2 kind $3 own id.
SELECT invoice_id AS subject_id FROM invoice WHERE $2 = 'invoice' AND agency_id = $1::int AND ext_id = $3
UNION ALL
SELECT facility_id FROM facility WHERE $2 = 'facility' AND agency_id = $1::int AND ext_id = $3
