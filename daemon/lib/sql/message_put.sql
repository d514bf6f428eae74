-- message_put.sql: the claims of a window: parallel lists of $1 agencies $3 steps $4 parties $5 recipients $6 addresses
-- $7 templates $8 subject lines $9 Message-IDs; $10 all letters end to end, $11 how long each is; of $2 worker $12 claimant
-- $13 now. A new try of a letter that never left takes its row, written anew; no row when another worker has it.
INSERT INTO message (agency_id, worker, step, party, recipient, address, template, subject_line, internet_id, letter,
                     state, claimed_by, claimed_at)
SELECT agency, $2, step, party, recipient, address, template, subject_line, id,
       substring($10::bytea FROM before + 1 FOR size), 'sending', $12, $13::timestamptz
  FROM (SELECT *, (sum(size) OVER (ORDER BY place) - size)::int AS before
          FROM unnest($1::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $11::int[])
               WITH ORDINALITY AS w (agency, step, party, recipient, address, template, subject_line, id, size, place)) w
 ORDER BY place
    ON CONFLICT (agency_id, internet_id) DO UPDATE
       SET template = excluded.template, subject_line = excluded.subject_line, letter = excluded.letter,
           state = 'sending', reply = NULL, claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at
     WHERE message.state = 'failed'
RETURNING message_id, internet_id, agency_id
