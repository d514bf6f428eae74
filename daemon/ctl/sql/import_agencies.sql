-- import_agencies.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO agency AS t (ext_id, name, timezone, reply_to, postal_address)
    SELECT s.agency, s.name, s.timezone, s.reply_to, s.postal_address
      FROM stage s
     ORDER BY s.line
        ON CONFLICT (ext_id) DO UPDATE SET name = excluded.name, timezone = excluded.timezone, reply_to = excluded.reply_to, postal_address = excluded.postal_address
     WHERE (t.name, t.timezone, t.reply_to, t.postal_address) IS DISTINCT FROM (excluded.name, excluded.timezone, excluded.reply_to, excluded.postal_address)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
