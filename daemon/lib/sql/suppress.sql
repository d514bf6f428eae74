-- suppress.sql: no more letters to an address. $1 agency $2 address $3 reason $4 now.
INSERT INTO suppression (agency_id, address, reason, since)
VALUES ($1::int, lower($2), coalesce($3, 'refused'), $4::timestamptz)
    ON CONFLICT DO NOTHING
