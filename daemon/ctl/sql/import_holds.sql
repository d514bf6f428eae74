-- import_holds.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO hold AS t (agency_id, ext_id, about, subject_id, kind, from_on, until_on, amount_cents, reason, placed_by)
    SELECT s.agency_id, s.hold, s.about, x.subject_id, s.kind, s.from_on::date, s.until_on::date, s.amount::bigint, s.reason,
           s.by
      FROM stage s JOIN subject x ON x.agency_id = s.agency_id AND x.kind = s.about AND x.ext_id = s.id
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE SET about = excluded.about, subject_id = excluded.subject_id, kind = excluded.kind, from_on = excluded.from_on, until_on = excluded.until_on, amount_cents = excluded.amount_cents, reason = excluded.reason, placed_by = excluded.placed_by
     WHERE (t.about, t.subject_id, t.kind, t.from_on, t.until_on, t.amount_cents, t.reason, t.placed_by) IS DISTINCT FROM (excluded.about, excluded.subject_id, excluded.kind, excluded.from_on, excluded.until_on, excluded.amount_cents, excluded.reason, excluded.placed_by)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
