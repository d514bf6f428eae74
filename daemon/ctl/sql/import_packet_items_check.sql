-- import_packet_items_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'placement' AS "column", 'there is no placement ''' || s.placement || '''' AS reason
  FROM stage s LEFT JOIN placement x ON x.agency_id = s.agency_id AND x.ext_id = s.placement
 WHERE s.placement IS NOT NULL AND x.agency_id IS NULL
UNION ALL
SELECT s.line, 'item', 'the packet of a ' || f.type || ' facility has no item ''' || s.item || '''; see config/rules/packets.yaml'
  FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
  JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.facility_id
 WHERE EXISTS (SELECT FROM rule_pack k WHERE k.agency_id = s.agency_id AND k.name = 'packets')
   AND NOT EXISTS (SELECT FROM packet_rule r WHERE r.agency_id = s.agency_id AND r.facility_type = f.type AND r.item = s.item)
UNION ALL
SELECT line, 'status_on', 'is needed with status ' || status FROM stage WHERE status <> 'open' AND status_on IS NULL
 ORDER BY 1
