-- import_contacts.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO contact AS t (agency_id, ext_id, facility_id, name, email, phone, role)
    SELECT s.agency_id, s.contact, f.facility_id, s.name, s.email, s.phone, s.role
      FROM stage s JOIN facility f ON f.agency_id = s.agency_id AND f.ext_id = s.facility
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE SET facility_id = excluded.facility_id, name = excluded.name, email = excluded.email, phone = excluded.phone, role = excluded.role
     WHERE (t.facility_id, t.name, t.email, t.phone, t.role) IS DISTINCT FROM (excluded.facility_id, excluded.name, excluded.email, excluded.phone, excluded.role)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
