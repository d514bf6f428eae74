-- why.sql: where an invoice stands on its ladder (parameters and columns in daemon/lib/rooms.h).
SELECT 'main' AS track, i.due_on AS anchor, f.type AS variant,
       to_char(invoice_balance(i.agency_id, i.invoice_id, i.amount_cents, $4::date) / 100.0, 'FM999,999,999,990.00')
       || ' ' || i.currency || ' open on ' || $4 AS facts,
       CASE WHEN i.status = 'draft' THEN 'it is a draft'
            WHEN i.status <> 'sent' AND i.status_on <= $4::date THEN replace(i.status, '_', ' ') || ' on ' || i.status_on
            WHEN i.settled_on <= $4::date THEN 'paid on ' || i.settled_on
            WHEN i.issued_on > $4::date THEN 'it is issued on ' || i.issued_on END AS gone,
       invoice_held(i.agency_id, i.invoice_id, i.facility_id, $4::date) AS held
  FROM invoice i JOIN facility f ON f.agency_id = i.agency_id AND f.facility_id = i.facility_id
 WHERE i.agency_id = $1::int AND $2 = 'invoice' AND i.ext_id = $3 AND $5::jsonb IS NOT NULL
