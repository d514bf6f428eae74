-- recipients.sql: the people behind roles for a facility: $1 agency, $2 facility, $3 roles as in a schedule's `to`.
-- One per role: the first whose address is usable (suppressed ones are not).
SELECT DISTINCT ON (r.place) CASE r.role WHEN 'billing_contact' THEN 'billing' ELSE r.role END AS role, p.name, p.email
  FROM unnest($3::text[]) WITH ORDINALITY AS r (role, place)
  JOIN LATERAL (
      SELECT c.name, c.email, c.ext_id, 0 AS other FROM contact c
       WHERE c.agency_id = $1::int AND c.facility_id = $2::bigint AND c.email IS NOT NULL
         AND c.role = CASE r.role WHEN 'billing_contact' THEN 'billing' ELSE r.role END
      UNION ALL
      SELECT s.name, s.email, s.ext_id,
             (r.role = 'account_manager' AND s.staff_id IS DISTINCT FROM f.account_manager_id)::int
        FROM staff s LEFT JOIN facility f ON f.agency_id = s.agency_id AND f.facility_id = $2::bigint
       WHERE s.agency_id = $1::int
         AND (s.role = r.role OR (r.role = 'account_manager' AND s.staff_id = f.account_manager_id))
  ) p ON NOT EXISTS (SELECT FROM suppression x WHERE x.agency_id = $1::int AND x.address = lower(p.email))
 ORDER BY r.place, p.other, p.ext_id
