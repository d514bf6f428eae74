-- staff_put.sql: $1 agency $2 own id $3 name $4 email $5 role.
INSERT INTO staff (agency_id, ext_id, name, email, role) VALUES ($1::int, $2, $3, $4, $5) ON CONFLICT DO NOTHING
