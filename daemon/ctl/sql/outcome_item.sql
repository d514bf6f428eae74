-- outcome_item.sql: an item of a packet is received, confirmed or waived: the one that the task's matter names
-- ("item placement:P-1 photo_id"), or --item, or the note. $1 agency $2 task $3 what was recorded (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (outcome text, today date, note text, item text)
), mine AS (
    SELECT t.task_id, t.matter, p.placement_id, p.ext_id, f.type
      FROM task t JOIN placement p ON p.agency_id = t.agency_id AND p.ext_id = ANY (own_ids(t.subjects, 'placement'))
      JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.facility_id
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
     ORDER BY p.ext_id LIMIT 1
), items AS ( -- what the packet of that placement holds
    SELECT item FROM packet_rule r JOIN mine m ON r.facility_type = m.type WHERE r.agency_id = $1::int
    UNION SELECT item FROM packet_item i JOIN mine m USING (placement_id) WHERE i.agency_id = $1::int
), chosen AS (
    SELECT i.item FROM items i, mine m, asked a
     WHERE CASE WHEN a.item IS NOT NULL THEN i.item = a.item
                ELSE i.item = ANY (string_to_array(m.matter, ' ')) OR a.note ~* ('\m' || i.item || '\M') END
     ORDER BY i.item = ANY (string_to_array(m.matter, ' ')) DESC, length(i.item) DESC LIMIT 1
), put AS (
    INSERT INTO packet_item (agency_id, placement_id, item, status, status_on, note)
    SELECT $1::int, m.placement_id, c.item, a.outcome, a.today, a.note FROM mine m, chosen c, asked a
        ON CONFLICT (agency_id, placement_id, item) DO UPDATE
           SET status = excluded.status, status_on = excluded.status_on, note = coalesce(excluded.note, packet_item.note)
)
SELECT 'placement:' || m.ext_id AS about, 'item.' || a.outcome AS kind, concat_ws(': ', c.item, a.note) AS what,
       CASE WHEN c.item IS NULL AND (a.item IS NOT NULL OR a.outcome <> 'confirmed')
            THEN coalesce('the packet of placement ' || m.ext_id || ' has no item ' || a.item,
                          'task ' || m.task_id || ' names no item of the packet; say which with --item') || ': '
                 || coalesce((SELECT string_agg(item, ', ' ORDER BY item) FROM items), 'it has none') END AS refused
  FROM mine m CROSS JOIN asked a LEFT JOIN chosen c ON true
