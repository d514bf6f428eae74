-- last_letter.sql: $1 agency, $2 party, $3 worker; when this room last wrote to its people (not to our own staff).
SELECT max(claimed_at) AS at FROM message
 WHERE agency_id = $1::int AND party = $2 AND worker = $3 AND state <> 'failed'
   AND split_part(recipient, ':', 1) IN ('billing', 'clinical_director', 'hr', 'compliance', 'therapist', 'payer')
   AND step <> 'thank_you'
