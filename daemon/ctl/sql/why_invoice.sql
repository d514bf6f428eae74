-- why_invoice.sql: $1 agency $2 own id $3 date.
SELECT i.due_on, f.type, invoice_balance(i.agency_id, i.invoice_id, i.amount_cents, $3::date) AS balance,
       CASE WHEN i.status = 'draft' THEN 'it is a draft'
            WHEN i.status <> 'sent' AND i.status_on <= $3::date THEN replace(i.status, '_', ' ') || ' on ' || i.status_on
            WHEN i.settled_on <= $3::date THEN 'paid on ' || i.settled_on
            WHEN i.issued_on > $3::date THEN 'it is issued on ' || i.issued_on END AS gone,
       invoice_held(i.agency_id, i.invoice_id, i.facility_id, $3::date) AS held
  FROM invoice i JOIN facility f ON f.agency_id = i.agency_id AND f.facility_id = i.facility_id
 WHERE i.agency_id = $1::int AND i.ext_id = $2
