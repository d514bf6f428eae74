-- suppression_put.sql: $1 agency $2 address $3 reason $4 now $5 who.
INSERT INTO suppression (agency_id, address, reason, since, placed_by)
VALUES ($1::int, lower($2), $3, $4::timestamptz, $5) ON CONFLICT DO NOTHING
