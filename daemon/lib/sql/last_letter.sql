-- last_letter.sql: parallel lists of $1 agencies and $2 parties, $3 worker; when this room last wrote to each one's people
-- (not to our own staff). + 0: by the party, not all that the agency ever wrote.
SELECT (SELECT max(m.claimed_at) FROM message m
         WHERE m.agency_id + 0 = w.agency AND m.party = w.party AND m.worker = $3 AND m.state <> 'failed'
           AND split_part(m.recipient, ':', 1) IN ('billing', 'clinical_director', 'hr', 'compliance', 'therapist', 'payer')
           AND m.step <> 'thank_you') AS at
  FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS w (agency, party, place)
 ORDER BY w.place
