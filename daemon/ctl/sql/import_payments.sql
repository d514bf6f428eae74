-- import_payments.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO payment AS t (agency_id, ext_id, facility_id, invoice_id, received_on, amount_cents, currency, kind)
    SELECT s.agency_id, s.payment, f.facility_id, i.invoice_id, s.received_on::date, s.amount::bigint,
           coalesce(s.currency, 'USD'), coalesce(s.kind, 'payment')
      FROM stage s JOIN facility f ON f.agency_id = s.agency_id AND f.ext_id = s.facility
      LEFT JOIN invoice i ON i.agency_id = s.agency_id AND i.ext_id = s.invoice
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE SET facility_id = excluded.facility_id, invoice_id = excluded.invoice_id, received_on = excluded.received_on, amount_cents = excluded.amount_cents, currency = excluded.currency, kind = excluded.kind
     WHERE (t.facility_id, t.invoice_id, t.received_on, t.amount_cents, t.currency, t.kind) IS DISTINCT FROM (excluded.facility_id, excluded.invoice_id, excluded.received_on, excluded.amount_cents, excluded.currency, excluded.kind)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
