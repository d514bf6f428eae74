-- steps_clear.sql: $1 agency $2 worker; before the changed ladder is written.
DELETE FROM step WHERE agency_id = $1::int AND worker = $2
