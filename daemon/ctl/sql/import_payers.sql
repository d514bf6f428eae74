-- import_payers.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO payer AS t (agency_id, ext_id, name, email, phone, portal_url)
    SELECT s.agency_id, s.payer, s.name, s.email, s.phone, s.portal_url
      FROM stage s
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (name, email, phone, portal_url) =
           (excluded.name, excluded.email, excluded.phone, excluded.portal_url)
     WHERE (t.name, t.email, t.phone, t.portal_url) IS DISTINCT FROM
           (excluded.name, excluded.email, excluded.phone, excluded.portal_url)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
