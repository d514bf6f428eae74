-- import_facilities.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO facility AS t (agency_id, ext_id, name, type, timezone, terms_days, account_manager_id, state)
    SELECT s.agency_id, s.facility, s.name, s.type, s.timezone, s.terms_days::int, m.staff_id, s.state
      FROM stage s LEFT JOIN staff m ON m.agency_id = s.agency_id AND m.ext_id = s.account_manager
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE SET name = excluded.name, type = excluded.type, timezone = excluded.timezone, terms_days = excluded.terms_days, account_manager_id = excluded.account_manager_id, state = excluded.state
     WHERE (t.name, t.type, t.timezone, t.terms_days, t.account_manager_id, t.state) IS DISTINCT FROM (excluded.name, excluded.type, excluded.timezone, excluded.terms_days, excluded.account_manager_id, excluded.state)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
