-- rules_put_packets.sql: $1 agency $2 the items as JSON (daemon/lib/rules.c).
INSERT INTO packet_rule (agency_id, facility_type, item, ordinal, title, provider, ask, lead_days, required, document, reader,
                         again_if_moved)
SELECT $1::int, facility_type, item, ordinal, title, provider, ask, coalesce(lead, 0), coalesce(required, true), document,
       reader, coalesce(again_if_moved, false)
  FROM jsonb_to_recordset($2::jsonb) AS r (facility_type text, item text, ordinal int, title text, provider text, ask text,
       lead int, required boolean, document text, reader text, again_if_moved boolean)
