-- bounce_put.sql: a mail that came back, once. $1 digest $2 outcome $3 agency (0: no letter of ours) $4 message $5 now.
INSERT INTO bounce (agency_id, digest, outcome, message_id, at) VALUES ($3::int, $1, $2, $4::bigint, $5::timestamptz)
    ON CONFLICT DO NOTHING
