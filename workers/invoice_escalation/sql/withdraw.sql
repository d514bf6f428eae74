-- withdraw.sql: open tasks about invoices that are all paid, canceled or written off by now, and about money that is
-- allocated by now (parameters in daemon/lib/rooms.h).
WITH mine AS (
    SELECT t.task_id, t.step, t.party, t.matter, s.subject
      FROM task t CROSS JOIN LATERAL unnest(t.subjects) AS s (subject)
     WHERE t.agency_id = $1::int AND t.worker = 'invoice_escalation' AND t.state IN ('open', 'taken', 'snoozed')
       AND t.step NOT IN ('contact', 'unknown', 'document', 'brake') AND NOT starts_with(t.matter, 'contact ')
       AND $3::jsonb IS NOT NULL
), ended AS (
    SELECT m.task_id, m.step, m.party, m.matter,
           CASE WHEN i.status <> 'sent' AND i.status_on <= $2::date THEN i.ext_id || ' was ' || replace(i.status, '_', ' ')
                     || ' on ' || to_char(i.status_on, 'FMMonth FMDD, YYYY')
                WHEN i.settled_on <= $2::date THEN i.ext_id || ' was paid on ' || to_char(i.settled_on, 'FMMonth FMDD, YYYY')
           END AS reason
      FROM mine m LEFT JOIN invoice i ON i.agency_id = $1::int AND i.ext_id = ANY (own_ids(ARRAY[m.subject], 'invoice'))
)
SELECT task_id, string_agg(reason, '; ' ORDER BY reason) AS reason FROM ended GROUP BY task_id HAVING bool_and(reason IS NOT NULL)
UNION ALL
SELECT e.task_id, 'the money is allocated'
  FROM ended e JOIN facility f ON f.agency_id = $1::int AND f.ext_id = ANY (own_ids(ARRAY[e.party], 'facility'))
 WHERE e.step = 'allocate'
 GROUP BY e.task_id, e.matter, f.facility_id
HAVING NOT bool_and(e.reason IS NOT NULL)
   AND NOT EXISTS (SELECT FROM payment p WHERE p.agency_id = $1::int AND p.facility_id = f.facility_id
                      AND p.invoice_id IS NULL AND p.received_on <= $2::date AND right(e.matter, 3) = p.currency
                    GROUP BY p.currency HAVING sum(p.effect_cents) > 0)
