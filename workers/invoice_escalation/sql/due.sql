-- due.sql: the invoices that stand on a rung which has not fired (parameters in daemon/lib/rooms.h).
-- settled_on and the latest anchor narrow the search by index; the balance and the holds decide.
WITH rung AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $10::date[])
             AS r (variant, step, ordinal, latest, oldest, issued_by)
), biller AS MATERIALIZED (
    SELECT f.facility_id, f.type, CASE WHEN f.type IN (SELECT variant FROM rung) THEN f.type ELSE '' END AS variant,
           CASE WHEN EXISTS (SELECT FROM contact c WHERE c.agency_id = f.agency_id AND c.facility_id = f.facility_id
                               AND c.role = 'billing' AND c.email IS NOT NULL)
                THEN f.facility_id ELSE bill_to(f.agency_id, f.facility_id) END AS party_id
      FROM facility f WHERE f.agency_id = $1::int
), standing AS (
    SELECT i.invoice_id, i.ext_id, i.facility_id, i.due_on, i.issued_on, b.variant, b.party_id,
           invoice_balance(i.agency_id, i.invoice_id, i.amount_cents, $2::date) AS balance
      FROM invoice i JOIN biller b USING (facility_id)
     WHERE i.agency_id = $1::int AND i.settled_on > $2::date AND i.issued_on <= $2::date
       AND i.due_on <= (SELECT max(latest) FROM rung)
       AND (i.status = 'sent' OR (i.status IN ('canceled', 'written_off') AND i.status_on > $2::date))
       AND invoice_held(i.agency_id, i.invoice_id, i.facility_id, $2::date) IS NULL
), chosen AS (
    SELECT s.*, r.step, r.ordinal
      FROM standing s CROSS JOIN LATERAL (
          SELECT rung.step, rung.ordinal FROM rung
           WHERE rung.variant = s.variant AND s.due_on <= rung.latest
             AND (rung.oldest IS NULL OR s.due_on >= rung.oldest)
             AND (rung.issued_by IS NULL OR s.issued_on <= rung.issued_by)
             AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'invoice_escalation'
                                AND f.subject_id = s.invoice_id AND f.cycle = s.due_on AND f.ordinal >= rung.ordinal)
           ORDER BY CASE WHEN $8 = 'one_step' THEN rung.ordinal ELSE -rung.ordinal END LIMIT 1) r
     WHERE s.balance >= greatest($9::bigint, 1)
)
SELECT c.invoice_id AS subject_id, 'invoice:' || c.ext_id AS subject, c.due_on AS cycle, c.step, c.ordinal, c.party_id,
       'facility:' || p.ext_id AS party,
       c.balance || ' cents open, due ' || c.due_on AS why
  FROM chosen c JOIN facility p ON p.agency_id = $1::int AND p.facility_id = c.party_id
UNION ALL
-- A word of thanks for an invoice that was chased and is now paid, while it is fresh.
SELECT i.invoice_id, 'invoice:' || i.ext_id, i.due_on, 'thank_you', -1, b.party_id, 'facility:' || p.ext_id,
       'paid on ' || i.settled_on
  FROM invoice i JOIN biller b USING (facility_id) JOIN facility p ON p.agency_id = $1::int AND p.facility_id = b.party_id
 WHERE EXISTS (SELECT FROM rung WHERE step = 'thank_you')
   AND i.agency_id = $1::int AND i.settled_on BETWEEN $2::date - 3 AND $2::date AND i.status = 'sent'
   AND EXISTS (SELECT FROM message_step m WHERE m.agency_id = $1::int AND m.worker = 'invoice_escalation'
                 AND m.subject_id = i.invoice_id AND m.cycle = i.due_on)
   AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'invoice_escalation'
                     AND f.subject_id = i.invoice_id AND f.cycle = i.due_on AND f.step = 'thank_you')
