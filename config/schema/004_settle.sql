-- settled_on by one pass over each invoice's own payments: the day after which the balance was never above zero again.
-- Payments are always looked up by invoice: with stale statistics a scan for each would be chosen.
CREATE OR REPLACE FUNCTION settle_invoices(agencies int[], invoices bigint[]) RETURNS void LANGUAGE sql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    UPDATE invoice SET settled_on = s.day
      FROM (SELECT i.agency_id, i.invoice_id,
                   CASE WHEN i.amount_cents = 0 AND coalesce(c.open_on, '-infinity') = '-infinity' THEN i.issued_on
                        ELSE coalesce(c.day, 'infinity') END AS day
              FROM (SELECT DISTINCT t.agency_id, t.invoice_id FROM unnest(agencies, invoices) AS t (agency_id, invoice_id)
                     WHERE t.invoice_id IS NOT NULL) t
              JOIN invoice i USING (agency_id, invoice_id)
              LEFT JOIN LATERAL (
                  SELECT open_on, min(received_on) FILTER (WHERE received_on > open_on) AS day
                    FROM (SELECT received_on,
                                 coalesce(max(received_on) FILTER (WHERE balance > 0) OVER (), '-infinity') AS open_on
                            FROM (SELECT p.received_on,
                                         i.amount_cents - sum(p.effect_cents) OVER (ORDER BY p.received_on) AS balance
                                    FROM payment p
                                   WHERE p.agency_id = i.agency_id AND p.invoice_id = i.invoice_id) running) marked
                   GROUP BY open_on) c ON true) s
     WHERE invoice.agency_id = s.agency_id AND invoice.invoice_id = s.invoice_id AND invoice.settled_on <> s.day
$$;
