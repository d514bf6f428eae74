-- settled_on by one pass over each invoice's payments: the day after which the balance was never above zero again.
CREATE OR REPLACE FUNCTION settle_invoices(agencies int[], invoices bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH touched AS (
        SELECT DISTINCT t.agency_id, t.invoice_id FROM unnest(agencies, invoices) AS t (agency_id, invoice_id)
         WHERE t.invoice_id IS NOT NULL
    ), running AS (
        SELECT i.agency_id, i.invoice_id, p.received_on,
               i.amount_cents - sum(p.effect_cents) OVER (PARTITION BY i.agency_id, i.invoice_id ORDER BY p.received_on)
                   AS balance
          FROM touched JOIN invoice i USING (agency_id, invoice_id) JOIN payment p USING (agency_id, invoice_id)
    ), last_open AS (
        SELECT *, coalesce(max(received_on) FILTER (WHERE balance > 0) OVER (PARTITION BY agency_id, invoice_id),
                           '-infinity') AS open_on FROM running
    ), closed AS (
        SELECT agency_id, invoice_id, open_on, min(received_on) FILTER (WHERE received_on > open_on) AS day
          FROM last_open GROUP BY agency_id, invoice_id, open_on
    ), settled AS (
        SELECT i.agency_id, i.invoice_id,
               CASE WHEN i.amount_cents = 0 AND coalesce(c.open_on, '-infinity') = '-infinity' THEN i.issued_on
                    ELSE coalesce(c.day, 'infinity') END AS day
          FROM touched JOIN invoice i USING (agency_id, invoice_id) LEFT JOIN closed c USING (agency_id, invoice_id)
    )
    UPDATE invoice SET settled_on = settled.day FROM settled
     WHERE invoice.agency_id = settled.agency_id AND invoice.invoice_id = settled.invoice_id
       AND invoice.settled_on <> settled.day
$$;
