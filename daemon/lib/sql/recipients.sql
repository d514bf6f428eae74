-- recipients.sql: the people behind roles: parallel lists of $1 agencies, $2 parties, $3 roles as in a schedule's `to` (a
-- blank between them), $4 the party's kind; `place` is the line that they belong to, from 1.
-- One for each role: the first whose address is usable (suppressed ones are not), else of the role that stands in for it,
-- for bills also the parent's billing contact; nobody twice. Each with his own zone.
SELECT t.role, t.name, t.email, t.zone, w.place
  FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY AS w (agency, party, roles, kind, place)
 CROSS JOIN LATERAL (
WITH stand_in (role, tried, rank) AS (VALUES
    ('billing_contact', 'billing', 0),
    ('clinical_director', 'clinical_director', 0), ('clinical_director', 'hr', 1), ('clinical_director', 'compliance', 2),
    ('hr', 'hr', 0), ('hr', 'compliance', 1), ('hr', 'clinical_director', 2),
    ('compliance', 'compliance', 0), ('compliance', 'hr', 1), ('compliance', 'clinical_director', 2),
    ('recruiter', 'recruiter', 0), ('recruiter', 'va_lead', 1), ('recruiter', 'leadership', 2),
    ('account_manager', 'account_manager', 0), ('account_manager', 'va_lead', 1), ('account_manager', 'leadership', 2),
    ('va', 'va', 0), ('va', 'va_lead', 1), ('va', 'leadership', 2),
    ('va_lead', 'va_lead', 0), ('va_lead', 'leadership', 1), ('leadership', 'leadership', 0), ('leadership', 'va_lead', 1)
), own (role, staff_id) AS ( -- the facility's own account manager, the therapist's own recruiter, whatever else they are
    SELECT 'account_manager', account_manager_id FROM facility
     WHERE w.kind = 'facility' AND agency_id = w.agency AND facility_id = w.party
    UNION ALL
    SELECT 'recruiter', recruiter_id FROM therapist
     WHERE w.kind = 'therapist' AND agency_id = w.agency AND therapist_id = w.party
), house AS ( -- the facility, and behind it its parent
    SELECT f.facility_id, 0 AS level, f.timezone FROM facility f
     WHERE w.kind = 'facility' AND f.agency_id = w.agency AND f.facility_id = w.party
    UNION ALL
    SELECT p.facility_id, 1, p.timezone FROM facility f
      JOIN facility p ON p.agency_id = f.agency_id AND p.facility_id = f.parent_id
     WHERE w.kind = 'facility' AND f.agency_id = w.agency AND f.facility_id = w.party
), person AS (
    SELECT r.place, c.role AS role, c.name, c.email, s.rank + h.level AS rank, 0 AS other, c.ext_id, h.timezone AS zone
      FROM unnest(string_to_array(w.roles, ' ')) WITH ORDINALITY AS r (role, place) JOIN stand_in s USING (role) CROSS JOIN house h
      JOIN contact c ON c.agency_id = w.agency AND c.facility_id = h.facility_id AND c.role = s.tried
     WHERE h.level = 0 OR c.role = 'billing'
    UNION ALL
    SELECT r.place, s.role, s.name, s.email, i.rank, (NOT coalesce(s.staff_id = o.staff_id, false))::int, s.ext_id, s.timezone
      FROM unnest(string_to_array(w.roles, ' ')) WITH ORDINALITY AS r (role, place) JOIN stand_in i USING (role)
      LEFT JOIN own o ON o.role = r.role
      JOIN staff s ON s.agency_id = w.agency AND (s.role = i.tried OR (s.staff_id = o.staff_id AND i.rank = 0))
    UNION ALL
    SELECT r.place, r.role, t.name, t.email, 0, 0, t.ext_id, t.timezone
      FROM unnest(string_to_array(w.roles, ' ')) WITH ORDINALITY AS r (role, place)
      JOIN therapist t ON r.role = 'therapist' AND w.kind = 'therapist' AND t.agency_id = w.agency AND t.therapist_id = w.party
    UNION ALL
    SELECT r.place, r.role, p.name, p.email, 0, 0, p.ext_id, NULL
      FROM unnest(string_to_array(w.roles, ' ')) WITH ORDINALITY AS r (role, place)
      JOIN payer p ON r.role = 'payer' AND w.kind = 'payer' AND p.agency_id = w.agency AND p.payer_id = w.party
), chosen AS (
    SELECT DISTINCT ON (place) * FROM person
     WHERE email IS NOT NULL
       AND NOT EXISTS (SELECT FROM suppression x WHERE x.agency_id = w.agency AND x.address = lower(person.email))
     ORDER BY place, rank, other, ext_id
)
SELECT c.role, c.name, c.email, coalesce(c.zone, a.timezone) AS zone, c.place AS rank
  FROM (SELECT DISTINCT ON (lower(email)) * FROM chosen ORDER BY lower(email), place) c
  JOIN agency a ON a.agency_id = w.agency
 ORDER BY c.place) t
 ORDER BY w.place, t.rank
