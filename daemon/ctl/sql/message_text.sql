-- message_text.sql: $1 agency $2 letter.
SELECT state, reply, convert_from(letter, 'UTF8') AS letter FROM message
 WHERE agency_id = $1::int AND message_id::text = $2
