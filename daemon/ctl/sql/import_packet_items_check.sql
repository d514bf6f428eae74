-- import_packet_items_check.sql: rows of stage that cannot be: line, column, reason, and the word
-- that no rule knows. $1 the packets' rules as JSON rows.
WITH rule AS MATERIALIZED (
    SELECT facility_type, item FROM jsonb_to_recordset($1::jsonb) AS r (facility_type text, item text)
)
SELECT s.line, 'placement' AS "column", 'there is no placement ''' || s.placement || '''' AS reason,
       NULL AS word
  FROM stage s LEFT JOIN placement x ON x.agency_id = s.agency_id AND x.ext_id = s.placement
 WHERE x.agency_id IS NULL
UNION ALL
SELECT s.line, 'item', 'the packet of a ' || f.type || ' facility has no item ''' || s.item || '''; see config/rules/packets.yaml',
       s.item
  FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
  JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.facility_id
 WHERE EXISTS (SELECT FROM rule)
   AND NOT EXISTS (SELECT FROM rule r WHERE r.facility_type = f.type AND r.item = s.item)
UNION ALL
SELECT line, 'status_on', 'is needed with status ' || status, NULL FROM stage WHERE status <> 'open' AND status_on IS NULL
 ORDER BY 1
