-- bounced_letter.sql: $1 agency $2 message: a letter that did not arrive, with what its task needs.
SELECT m.address, m.party, m.worker, m.subject_line, split_part(m.recipient, ':', 1) AS role,
       coalesce((SELECT array_agg(DISTINCT s.subject) FROM message_step s
                  WHERE s.agency_id = m.agency_id AND s.message_id = m.message_id), '{}')::text AS subjects,
       coalesce((SELECT c.phone FROM contact c JOIN facility f USING (agency_id, facility_id)
                  WHERE c.agency_id = m.agency_id AND f.ext_id = ANY (own_ids(ARRAY[m.party], 'facility')) AND c.phone IS NOT NULL
                  ORDER BY lower(c.email) IS DISTINCT FROM lower(m.address), c.ext_id LIMIT 1),
                (SELECT t.phone FROM therapist t WHERE t.agency_id = m.agency_id AND t.ext_id = ANY (own_ids(ARRAY[m.party], 'therapist'))),
                (SELECT p.phone FROM payer p WHERE p.agency_id = m.agency_id AND p.ext_id = ANY (own_ids(ARRAY[m.party], 'payer')))) AS phone
  FROM message m WHERE m.agency_id = $1::int AND m.message_id = $2::bigint
