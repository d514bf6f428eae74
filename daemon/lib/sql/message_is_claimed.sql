-- message_is_claimed.sql: whether a letter is on its way in somebody's hands. $1 agency $2 message $3 who
SELECT 1 FROM message
 WHERE agency_id = $1::int AND message_id = $2::bigint AND state = 'sending' AND claimed_by = $3
