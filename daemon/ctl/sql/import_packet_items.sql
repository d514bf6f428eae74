-- import_packet_items.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO packet_item AS t (agency_id, placement_id, item, status, status_on, note)
    SELECT s.agency_id, p.placement_id, s.item, s.status, s.status_on::date, s.note
      FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
     ORDER BY s.line
        ON CONFLICT (agency_id, placement_id, item) DO UPDATE
       SET (status, status_on, note) =
           (excluded.status, excluded.status_on, excluded.note)
     WHERE (t.status, t.status_on, t.note) IS DISTINCT FROM
           (excluded.status, excluded.status_on, excluded.note)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
