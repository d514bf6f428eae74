-- hold_release.sql: $1 agency $2 own id $3 today.
UPDATE hold SET released_on = $3::date WHERE agency_id = $1::int AND ext_id = $2 AND released_on IS NULL
