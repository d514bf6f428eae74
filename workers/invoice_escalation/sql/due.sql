-- due.sql: the invoices that stand on a rung which has not fired (parameters in daemon/lib/rooms.h).
-- settled_on and the latest anchor narrow the search by index; the ledger comes next, for it leaves only what is new;
-- then the holds and the balance decide. A due date meets its rungs by one hashed number, its slot: the day and the kind
-- of ladder. Dates so old that every rung sees them alike count as one day, `long_ago`.
WITH rung AS MATERIALIZED (
    SELECT *, dense_rank() OVER (ORDER BY variant)::int AS ladder, max(latest) OVER () AS last,
           least(min(latest) OVER (), min(oldest) OVER ()) - 1 AS long_ago
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $10::date[])
             AS r (variant, step, ordinal, latest, oldest, issued_by)
), biller AS MATERIALIZED (
    SELECT b.facility_id, b.party_id, 'facility:' || p.ext_id AS party,
           coalesce(v.ladder, (SELECT ladder FROM rung WHERE variant = '' LIMIT 1)) AS ladder
      FROM billers($1::int) b JOIN facility p ON p.agency_id = $1::int AND p.facility_id = b.party_id
      LEFT JOIN (SELECT DISTINCT variant, ladder FROM rung) v ON v.variant = b.type
), rung_of_slot AS MATERIALIZED (
    SELECT 1000 * (d::date - r.long_ago) + r.ladder AS slot, r.step, r.ordinal,
           coalesce(r.issued_by, 'infinity') AS issued_by,
           -- A higher rung takes those invoices that existed on its own day.
           max(coalesce(r.issued_by, 'infinity')) OVER (PARTITION BY r.ladder, d ORDER BY r.ordinal DESC
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS issued_over
      FROM rung r, generate_series(coalesce(r.oldest, r.long_ago), r.latest, interval '1 day') d
), taken AS MATERIALIZED (
    SELECT * FROM rung_of_slot WHERE $8 = 'one_step' OR issued_over IS NULL OR issued_over < issued_by
), unfired AS MATERIALIZED (
    SELECT i.invoice_id, i.ext_id, i.due_on, r.step, r.ordinal, b.party_id, b.party,
           i.amount_cents - coalesce((SELECT sum(p.effect_cents)::bigint FROM payment p WHERE p.agency_id = $1::int
               AND p.invoice_id = i.invoice_id AND p.received_on <= $2::date), 0) AS balance
      FROM invoice i JOIN biller b USING (facility_id)
      JOIN taken r ON r.slot = 1000 * greatest(i.due_on - (SELECT long_ago FROM rung LIMIT 1), 0) + b.ladder
       AND i.issued_on <= r.issued_by AND ($8 = 'one_step' OR r.issued_over IS NULL OR i.issued_on > r.issued_over)
     WHERE i.agency_id = $1::int AND i.settled_on > $2::date AND i.issued_on <= $2::date
       AND i.due_on <= (SELECT last FROM rung LIMIT 1)
       AND (i.status = 'sent' OR (i.status IN ('canceled', 'written_off') AND i.status_on > $2::date))
       -- The ledger is probed by its key: it grows for ever. A room's first plan finds it empty.
       AND NOT ((SELECT EXISTS (SELECT FROM fired x WHERE x.agency_id = $1::int AND x.worker = 'invoice_escalation'))
                AND EXISTS (SELECT FROM fired x WHERE x.agency_id = $1::int AND x.worker = 'invoice_escalation'
                               AND x.subject_id = i.invoice_id AND x.cycle = i.due_on AND x.ordinal >= r.ordinal))
       AND NOT EXISTS (SELECT FROM hold h WHERE h.agency_id = $1::int AND h.about = 'invoice'
                          AND h.subject_id = i.invoice_id AND h.from_on <= $2::date
                          AND coalesce(h.until_on, 'infinity') >= $2::date
                          AND coalesce(h.released_on, 'infinity') > $2::date)
       AND NOT EXISTS (SELECT FROM hold h WHERE h.agency_id = $1::int AND h.about = 'facility'
                          AND h.subject_id = i.facility_id AND h.from_on <= $2::date
                          AND coalesce(h.until_on, 'infinity') >= $2::date
                          AND coalesce(h.released_on, 'infinity') > $2::date)
       -- One step a run: the lowest that has not fired.
       AND ($8 <> 'one_step' OR NOT EXISTS (
               SELECT FROM taken l WHERE l.slot = r.slot AND l.ordinal < r.ordinal AND i.issued_on <= l.issued_by
                  AND NOT EXISTS (SELECT FROM fired x WHERE x.agency_id = $1::int AND x.worker = 'invoice_escalation'
                                     AND x.subject_id = i.invoice_id AND x.cycle = i.due_on
                                     AND x.ordinal >= l.ordinal)))
)
SELECT invoice_id AS subject_id, 'invoice:' || ext_id AS subject, due_on AS cycle, step, ordinal, party_id, party,
       to_char(balance / 100.0, 'FM999,999,999,990.00') || ' open, due ' || due_on AS why
  FROM unfired WHERE balance >= greatest($9::bigint, 1)
UNION ALL
-- A word of thanks for an invoice that was chased and is now paid, while it is fresh.
SELECT i.invoice_id, 'invoice:' || i.ext_id, i.due_on, 'thank_you', -1, b.party_id, b.party, 'paid on ' || i.settled_on
  FROM invoice i JOIN biller b USING (facility_id)
 WHERE EXISTS (SELECT FROM rung WHERE step = 'thank_you')
   AND i.agency_id = $1::int AND i.settled_on BETWEEN $2::date - 3 AND $2::date AND i.status = 'sent'
   AND EXISTS (SELECT FROM message_step m WHERE m.agency_id = $1::int AND m.worker = 'invoice_escalation'
                 AND m.subject_id = i.invoice_id AND m.cycle = i.due_on)
   AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'invoice_escalation'
                     AND f.subject_id = i.invoice_id AND f.cycle = i.due_on AND f.step = 'thank_you')
