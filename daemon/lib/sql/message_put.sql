-- message_put.sql: the claim. $1 agency $2 worker $3 step $4 party $5 recipient $6 address $7 template $8 subject line
-- $9 Message-ID $10 the letter $11 claimant $12 now. A new try of a letter that never left takes its row, written anew;
-- no row when another worker has it.
INSERT INTO message (agency_id, worker, step, party, recipient, address, template, subject_line, internet_id, letter,
                     state, claimed_by, claimed_at)
VALUES ($1::int, $2, $3, $4, $5, $6, $7, $8, $9, $10::bytea, 'sending', $11, $12::timestamptz)
    ON CONFLICT (agency_id, internet_id) DO UPDATE
       SET template = excluded.template, subject_line = excluded.subject_line, letter = excluded.letter,
           state = 'sending', reply = NULL, claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at
     WHERE message.state = 'failed'
RETURNING message_id
