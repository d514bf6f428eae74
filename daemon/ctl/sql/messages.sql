-- messages.sql: letters: $1 agency $2 worker $3 state $4 since $5 party.
SELECT message_id AS "letter:int", to_char(claimed_at, 'YYYY-MM-DD HH24:MI') AS at, worker, step, party, recipient AS "to",
       state, subject_line
  FROM message
 WHERE agency_id = $1::int AND ($2::text IS NULL OR worker = $2) AND ($3::text IS NULL OR state = $3)
   AND ($4::date IS NULL OR claimed_at >= $4::date) AND ($5::text IS NULL OR party = $5)
 ORDER BY claimed_at, message_id
