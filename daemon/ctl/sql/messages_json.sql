-- messages_json.sql: letters as effects: $1 agency $2 worker $3 state $4 since $5 party.
SELECT to_char(m.claimed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, m.worker, m.step,
       'message' AS effect, m.party,
       (SELECT jsonb_agg(DISTINCT s.subject)::text FROM message_step s
         WHERE s.agency_id = m.agency_id AND s.message_id = m.message_id) AS "subjects:json",
       jsonb_build_array(m.recipient)::text AS "to:json", m.template, m.subject_line, m.state,
       m.message_id AS "letter:int", m.reply
  FROM message m
 WHERE m.agency_id = $1::int AND ($2::text IS NULL OR m.worker = $2) AND ($3::text IS NULL OR m.state = $3)
   AND ($4::date IS NULL OR m.claimed_at >= $4::date) AND ($5::text IS NULL OR m.party = $5)
 ORDER BY m.claimed_at, m.message_id
