-- is_suppressed.sql: $1 agency $2 address; a row when nobody writes there any more.
SELECT FROM suppression WHERE agency_id = $1::int AND address = lower($2)
