-- withdraw.sql: the room's open tasks whose cause is gone (parameters in daemon/lib/rooms.h).
WITH mine AS (
    SELECT t.task_id, t.step, t.matter, t.cycle, p, p.status, p.start_on, f.type,
           substring(t.matter FROM '[^ ]+$') AS item, regexp_replace(t.step, '_[0-9]+$', '') AS series
      FROM task t JOIN placement p ON p.agency_id = t.agency_id AND p.ext_id = substr(t.subjects[1], 11)
      JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.facility_id
     WHERE t.agency_id = $1::int AND t.worker = 'onboarding_packet' AND t.state IN ('open', 'taken', 'snoozed')
       AND t.step ~ '^(items|agency_items|at_risk|start_day)'
), cause AS (
    SELECT m.*, c.*, i.status AS item_status, i.since, i.is_open
      FROM mine m CROSS JOIN LATERAL packet_count(m.p, m.type, $2::date) c
      LEFT JOIN LATERAL packet_standing(m.p, m.type, $2::date) i ON m.series = 'items' AND i.item = m.item
), told AS (
    SELECT task_id,
           CASE WHEN status IN ('canceled', 'ended') THEN 'the placement was ' || status
                WHEN series <> 'agency_items' AND cycle IS DISTINCT FROM start_on
                     THEN coalesce('the start moved from ' || cycle || ' to ' || start_on, 'the start has no date any more')
                WHEN series IN ('items', 'agency_items', 'at_risk') AND start_on <= $2::date THEN 'the placement has started'
                WHEN series = 'items' AND is_open IS NULL THEN 'the packet no longer has this item'
                WHEN series = 'items' AND NOT is_open THEN item_status || ' on ' || coalesce(since, $2::date)
                WHEN series = 'agency_items' AND agency_open = 0 THEN 'all of our items are in'
                WHEN series = 'agency_items' AND packet_counts_down(p, $2::date) THEN 'each of our items has a task of its own now'
                WHEN series = 'start_day' AND required_open = 0 THEN 'all that is required is in'
                WHEN series = 'at_risk' AND coalesce(lead_days + ($3::jsonb ->> 'margin_days')::int < start_on - $2::date, true)
                     THEN 'no open item endangers the start any more'
           END AS reason
      FROM cause
)
SELECT task_id, reason FROM told WHERE reason IS NOT NULL
UNION ALL
SELECT t.task_id, 'no letter waits for it any more'
  FROM task t
 WHERE t.agency_id = $1::int AND t.worker = 'onboarding_packet' AND t.step = 'document'
   AND t.state IN ('open', 'taken', 'snoozed')
   AND NOT EXISTS (SELECT FROM job j WHERE j.agency_id = $1::int AND j.worker = 'onboarding_packet'
                      AND starts_with(j.reason, t.matter || ' '))
