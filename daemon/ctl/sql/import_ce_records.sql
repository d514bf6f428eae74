-- import_ce_records.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO ce_record AS t (agency_id, ext_id, license_id, completed_on, hours, category, title)
    SELECT s.agency_id, s.ce, l.license_id, s.completed_on::date, s.hours::numeric / 100, s.category, s.title
      FROM stage s JOIN license l ON l.agency_id = s.agency_id AND l.ext_id = s.license
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (license_id, completed_on, hours, category, title) =
           (excluded.license_id, excluded.completed_on, excluded.hours, excluded.category, excluded.title)
     WHERE (t.license_id, t.completed_on, t.hours, t.category, t.title) IS DISTINCT FROM
           (excluded.license_id, excluded.completed_on, excluded.hours, excluded.category, excluded.title)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
