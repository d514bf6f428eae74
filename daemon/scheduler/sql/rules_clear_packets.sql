-- rules_clear_packets.sql: $1 agency; before the changed pack is written.
DELETE FROM packet_rule WHERE agency_id = $1::int
