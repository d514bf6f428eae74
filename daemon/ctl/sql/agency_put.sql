-- agency_put.sql: $1 own id, $2 name, $3 zone; nothing when it is there.
INSERT INTO agency (ext_id, name, timezone) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING agency_id
