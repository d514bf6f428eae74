-- bounce_returned.sql: a letter came back: $1 agency $2 message $3 why.
UPDATE message SET returned = coalesce($3, '') WHERE agency_id = $1::int AND message_id = $2::bigint
