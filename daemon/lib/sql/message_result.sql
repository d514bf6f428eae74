-- message_result.sql: what became of a letter; only its claimant's word counts. $1 agency $2 message $3 state $4 reply
-- $5 now $6 claimant. || '': by the letter's key, not through the index of open letters, which dead rows fill while a
-- transaction is held open.
UPDATE message SET state = $3, reply = $4, sent_at = CASE WHEN $3 = 'sent' THEN $5::timestamptz END
 WHERE agency_id = $1::int AND message_id = $2::bigint AND state || '' = 'sending' AND claimed_by = $6
