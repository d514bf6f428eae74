-- import_placements_payers.sql: whom the placements of the file bill, as the file says; answers how many only this changed.
WITH listed AS MATERIALIZED (
    SELECT p.agency_id, p.placement_id, p.xmin = pg_current_xact_id()::xid AS is_counted, s.payers
      FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
), named AS MATERIALIZED (
    SELECT DISTINCT l.agency_id, l.placement_id, y.payer_id
      FROM listed l CROSS JOIN LATERAL regexp_split_to_table(btrim(l.payers), '\s*;\s*') AS w (word)
      JOIN payer y ON y.agency_id = l.agency_id AND y.ext_id = w.word
), gone AS (
    DELETE FROM placement_payer o USING listed l
     WHERE o.agency_id = l.agency_id AND o.placement_id = l.placement_id
       AND NOT EXISTS (SELECT FROM named n WHERE n.agency_id = o.agency_id AND n.placement_id = o.placement_id
                          AND n.payer_id = o.payer_id)
    RETURNING o.agency_id, o.placement_id
), come AS (
    INSERT INTO placement_payer SELECT * FROM named ON CONFLICT DO NOTHING RETURNING agency_id, placement_id
)
SELECT count(*) AS updated FROM listed l
 WHERE NOT l.is_counted AND ((l.agency_id, l.placement_id) IN (SELECT * FROM gone)
                             OR (l.agency_id, l.placement_id) IN (SELECT * FROM come))
