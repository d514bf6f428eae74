-- import_invoices.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO invoice AS t (agency_id, ext_id, facility_id, issued_on, due_on, amount_cents, currency, status, status_on)
    SELECT s.agency_id, s.invoice, f.facility_id, s.issued_on::date, s.due_on::date, s.amount::bigint,
           coalesce(s.currency, 'USD'), coalesce(s.status, 'sent'), s.status_on::date
      FROM stage s JOIN facility f ON f.agency_id = s.agency_id AND f.ext_id = s.facility
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE SET facility_id = excluded.facility_id, issued_on = excluded.issued_on, due_on = excluded.due_on, amount_cents = excluded.amount_cents, currency = excluded.currency, status = excluded.status, status_on = excluded.status_on
     WHERE (t.facility_id, t.issued_on, t.due_on, t.amount_cents, t.currency, t.status, t.status_on) IS DISTINCT FROM (excluded.facility_id, excluded.issued_on, excluded.due_on, excluded.amount_cents, excluded.currency, excluded.status, excluded.status_on)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
