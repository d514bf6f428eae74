-- import_invoices_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'facility' AS "column", 'there is no facility ''' || s.facility || '''' AS reason FROM stage s
  LEFT JOIN facility x ON x.agency_id = s.agency_id AND x.ext_id = s.facility WHERE x.facility_id IS NULL
UNION ALL
SELECT line, 'due_on', 'is before issued_on' FROM stage WHERE due_on::date < issued_on::date
UNION ALL
SELECT line, 'status_on', 'is needed with status ' || status FROM stage
 WHERE status IN ('canceled', 'written_off') AND status_on IS NULL
UNION ALL
SELECT s.line, 'status', 'a letter about it has gone out; issue a credit note instead of canceling it'
  FROM stage s JOIN invoice i ON i.agency_id = s.agency_id AND i.ext_id = s.invoice AND i.status <> 'canceled'
 WHERE s.status = 'canceled'
   AND EXISTS (SELECT FROM message_step m WHERE m.agency_id = i.agency_id AND m.worker = 'invoice_escalation'
                  AND m.subject_id = i.invoice_id)
UNION ALL
SELECT s.line, 'facility', 'the invoice has payments of facility ''' || o.ext_id || ''' and cannot move'
  FROM stage s JOIN invoice i ON i.agency_id = s.agency_id AND i.ext_id = s.invoice
  JOIN facility o ON o.agency_id = i.agency_id AND o.facility_id = i.facility_id AND o.ext_id <> s.facility
 WHERE EXISTS (SELECT FROM payment p WHERE p.agency_id = i.agency_id AND p.invoice_id = i.invoice_id)
 ORDER BY 1
