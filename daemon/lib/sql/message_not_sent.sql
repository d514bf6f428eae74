-- message_not_sent.sql: a dead worker's letter that its transport does not have. $1 agency $2 message.
UPDATE message SET state = 'failed', reply = 'its worker ended before it was sent'
 WHERE agency_id = $1::int AND message_id = $2::bigint AND state = 'sending'
