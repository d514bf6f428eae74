-- import_staff.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO staff AS t (agency_id, ext_id, name, email, role, timezone, skills, out_from, out_until)
    SELECT s.agency_id, s.staff, s.name, s.email, s.role, s.timezone, coalesce(string_to_array(replace(s.skills, ' ', ''), ';'), '{}'),
           s.out_from::date, s.out_until::date
      FROM stage s
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE SET name = excluded.name, email = excluded.email, role = excluded.role, timezone = excluded.timezone, skills = excluded.skills, out_from = excluded.out_from, out_until = excluded.out_until
     WHERE (t.name, t.email, t.role, t.timezone, t.skills, t.out_from, t.out_until) IS DISTINCT FROM (excluded.name, excluded.email, excluded.role, excluded.timezone, excluded.skills, excluded.out_from, excluded.out_until)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
