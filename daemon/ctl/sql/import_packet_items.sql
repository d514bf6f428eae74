-- import_packet_items.sql: upsert of stage on the agency's own id; answers imported, updated, total.
-- A row that is the same as at its last import says nothing new, and leaves what people recorded since.
WITH put AS (
    INSERT INTO packet_item AS t (agency_id, placement_id, item, status, status_on, note, imported)
    SELECT r.*, md5(r::text) FROM (
        SELECT s.agency_id, p.placement_id, s.item, s.status, s.status_on::date AS status_on, s.note
          FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
         ORDER BY s.line) r
        ON CONFLICT (agency_id, placement_id, item) DO UPDATE
       SET (status, status_on, note, imported) =
           (excluded.status, excluded.status_on, excluded.note, excluded.imported)
     WHERE t.imported IS DISTINCT FROM excluded.imported
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
