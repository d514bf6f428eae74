-- suppression_lift.sql: $1 agency $2 address; why it was suppressed.
DELETE FROM suppression WHERE agency_id = $1::int AND address = lower($2) RETURNING reason
