-- bounce_put.sql: a mail that came back, once. $1 digest $2 outcome $3 agency $4 message $5 now.
INSERT INTO bounce (digest, outcome, agency_id, message_id, at) VALUES ($1, $2, $3::int, $4::bigint, $5::timestamptz)
    ON CONFLICT DO NOTHING
