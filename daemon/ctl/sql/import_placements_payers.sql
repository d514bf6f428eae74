-- import_placements_payers.sql: whom the placements of the file bill, as the file says.
WITH named AS (
    SELECT DISTINCT p.agency_id, p.placement_id, y.payer_id
      FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement,
           LATERAL unnest(string_to_array(replace(s.payers, ' ', ''), ';')) AS w (word)
      JOIN payer y ON y.ext_id = w.word
     WHERE y.agency_id = s.agency_id
), gone AS (
    DELETE FROM placement_payer o USING stage s, placement p
     WHERE p.agency_id = s.agency_id AND p.ext_id = s.placement AND o.agency_id = p.agency_id
       AND o.placement_id = p.placement_id AND NOT EXISTS (SELECT FROM named n WHERE n.agency_id = o.agency_id
           AND n.placement_id = o.placement_id AND n.payer_id = o.payer_id)
)
INSERT INTO placement_payer SELECT * FROM named ON CONFLICT DO NOTHING
