-- bounce_letter.sql: our letter that a report is about: $1 Message-IDs that it refers to $2 its final recipient $3 the
-- original one. Only what we wrote to that very address.
SELECT m.agency_id, m.message_id, m.returned
  FROM agency a JOIN message m ON m.agency_id = a.agency_id AND m.internet_id = ANY ($1::text[])
 WHERE m.state IN ('sent', 'unknown', 'sending') AND lower(m.address) IN (lower($2), lower($3))
 ORDER BY m.agency_id, m.message_id LIMIT 1 FOR UPDATE OF m
