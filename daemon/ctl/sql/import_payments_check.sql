-- import_payments_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'facility' AS "column", 'there is no facility ''' || s.facility || '''' AS reason FROM stage s
  LEFT JOIN facility x ON x.agency_id = s.agency_id AND x.ext_id = s.facility WHERE x.facility_id IS NULL
UNION ALL
SELECT s.line, 'invoice', 'there is no invoice ''' || s.invoice || '''' FROM stage s
  LEFT JOIN invoice i ON i.agency_id = s.agency_id AND i.ext_id = s.invoice
 WHERE s.invoice IS NOT NULL AND i.invoice_id IS NULL
UNION ALL
SELECT s.line, 'invoice', 'belongs to facility ''' || f.ext_id || ''', not to ''' || s.facility || ''''
  FROM stage s JOIN invoice i ON i.agency_id = s.agency_id AND i.ext_id = s.invoice
  JOIN facility f ON f.agency_id = i.agency_id AND f.facility_id = i.facility_id WHERE f.ext_id <> s.facility
UNION ALL
SELECT s.line, 'currency', 'is ' || coalesce(s.currency, 'USD') || ' and the invoice is in ' || i.currency
  FROM stage s JOIN invoice i ON i.agency_id = s.agency_id AND i.ext_id = s.invoice
 WHERE i.currency <> coalesce(s.currency, 'USD')
UNION ALL
SELECT line, 'amount', 'must be more than zero; a refund or chargeback has its own kind' FROM stage WHERE amount::bigint <= 0
 ORDER BY 1
