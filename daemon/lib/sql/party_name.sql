-- party_name.sql: $1 agency $2 "facility:F-12": how people call it.
WITH word AS (SELECT split_part($2, ':', 1) AS kind, substr($2, strpos($2, ':') + 1) AS ext_id)
SELECT f.name FROM facility f, word w WHERE w.kind = 'facility' AND f.agency_id = $1::int AND f.ext_id = w.ext_id
UNION ALL
SELECT t.name FROM therapist t, word w WHERE w.kind = 'therapist' AND t.agency_id = $1::int AND t.ext_id = w.ext_id
UNION ALL
SELECT p.name FROM payer p, word w WHERE w.kind = 'payer' AND p.agency_id = $1::int AND p.ext_id = w.ext_id
UNION ALL
SELECT s.name FROM staff s, word w WHERE w.kind = 'staff' AND s.agency_id = $1::int AND s.ext_id = w.ext_id
