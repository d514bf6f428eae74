-- subject_find.sql: $1 agency $2 kind $3 own id.
SELECT subject_id FROM subject WHERE agency_id = $1::int AND kind = $2 AND ext_id = $3
