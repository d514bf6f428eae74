-- fetch.sql: the invoices of a window's jobs as they are now (parameters and standard columns in daemon/lib/room.h).
-- Own columns: gone (why it is moot, or NULL), number, site, currency, due_on, balance, and of the party: agency_name,
-- facility_name, postal_address, manager_name, phone, ask_for (whose phone it is), history, credit (unallocated, by currency), open (its open
-- invoices), broken (promises not kept).
WITH asked AS (SELECT $4::jsonb), mine AS (
    SELECT j.agency_id, j.worker, j.subject_id, j.cycle, j.step, j.job_id, j.ordinal, j.party_id, j.tries, i.ext_id, i.facility_id, i.currency, i.due_on, i.status, i.status_on, i.settled_on, i.amount_cents,
           now.balance, now.held
      FROM job j JOIN invoice i ON i.agency_id = j.agency_id AND i.invoice_id = j.subject_id
      CROSS JOIN LATERAL invoice_standing(i.agency_id, i.invoice_id, i.facility_id, i.amount_cents, $2::date) now
     WHERE j.job_id = ANY ($1::bigint[]) AND j.state || '' = 'ready' -- by job_id, whatever the statistics say
), party AS (
    SELECT DISTINCT agency_id, party_id FROM mine
), of_party AS MATERIALIZED (
    SELECT p.agency_id, p.party_id, f.ext_id, f.name, f.type, coalesce(f.timezone, a.timezone) AS zone,
           a.name AS agency_name, a.reply_to, a.postal_address, m.name AS manager_name,
           reach.phone, reach.name AS ask_for,
           (SELECT jsonb_object_agg(currency, cents) FROM (
                SELECT currency, sum(effect_cents) AS cents FROM payment y
                 WHERE y.agency_id = p.agency_id AND y.facility_id = p.party_id AND y.invoice_id IS NULL
                   AND y.received_on <= $2::date GROUP BY currency HAVING sum(effect_cents) > 0) c) AS credit,
           (SELECT jsonb_agg(jsonb_build_object('number', o.ext_id, 'site', s.name, 'issued', o.issued_on,
                   'due', o.due_on, 'days_late', $2::date - o.due_on, 'amount', o.amount_cents, 'balance', o.balance,
                   'currency', o.currency) ORDER BY o.due_on, o.ext_id)
              FROM (SELECT p.party_id AS facility_id, f.name
                    UNION ALL
                    SELECT facility_id, name FROM (
                        WITH RECURSIVE below AS ( -- as far as bill_to climbs
                            SELECT c.facility_id, c.name, 1 AS level FROM facility c
                             WHERE c.parent_id = p.party_id AND c.agency_id = p.agency_id
                            UNION ALL
                            SELECT c.facility_id, c.name, b.level + 1 FROM below b
                              JOIN facility c ON c.parent_id = b.facility_id AND c.agency_id = p.agency_id
                             WHERE b.level < 4)
                        SELECT DISTINCT facility_id, name FROM below) below
                     WHERE facility_id <> p.party_id AND bill_to(p.agency_id, facility_id) = p.party_id) s
              -- OFFSET 0: each site's own invoices, never all that are open.
              CROSS JOIN LATERAL (SELECT i.*, now.balance, now.held FROM invoice i
                                   CROSS JOIN LATERAL invoice_standing(i.agency_id, i.invoice_id, i.facility_id,
                                                                       i.amount_cents, $2::date) now
                                   WHERE i.agency_id = p.agency_id AND i.facility_id = s.facility_id
                                     AND i.settled_on > $2::date AND i.issued_on <= $2::date
                                     AND (i.status = 'sent' OR (i.status IN ('canceled', 'written_off')
                                                                AND i.status_on > $2::date)) OFFSET 0) o
             WHERE o.balance > 0 AND o.held IS NULL) AS open,
           (SELECT string_agg(to_char(h.at, 'YYYY-MM-DD') || ' ' || h.what, E'\n' ORDER BY h.at) FROM (
                SELECT claimed_at AS at, replace(step, '_', ' ') || ' letter to ' || split_part(recipient, ':', 1) || ', ' || state AS what
                  FROM message WHERE agency_id + 0 = p.agency_id AND party = 'facility:' || f.ext_id
                UNION ALL
                SELECT closed_at, title || ': ' || replace(coalesce(outcome, state), '_', ' ') || coalesce(', ' || note, '') FROM task
                 WHERE agency_id + 0 = p.agency_id AND party = 'facility:' || f.ext_id AND closed_at IS NOT NULL
                 ORDER BY 1 DESC LIMIT 12) h) AS history -- + 0: by the party, not all that the agency ever wrote
      FROM party p JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.party_id
      JOIN agency a ON a.agency_id = p.agency_id
      LEFT JOIN staff m ON m.agency_id = f.agency_id AND m.staff_id = f.account_manager_id
      LEFT JOIN LATERAL (SELECT c.phone, c.name FROM contact c WHERE c.agency_id = p.agency_id AND c.facility_id = p.party_id
                            AND c.phone IS NOT NULL ORDER BY c.role <> 'billing', c.ext_id LIMIT 1) reach ON true
)
SELECT m.job_id, m.agency_id, m.subject_id, 'invoice:' || m.ext_id AS subject, m.party_id, 'facility:' || p.ext_id AS party,
       m.cycle, m.step, m.ordinal, m.tries, p.type AS variant, m.held, p.zone, p.agency_name AS from_name, p.reply_to,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = m.agency_id AND f.worker = m.worker
                  AND f.subject_id = m.subject_id AND f.cycle = m.cycle AND f.step = m.step) AS fired,
       CASE WHEN m.cycle <> m.due_on THEN 'its due date was changed to ' || m.due_on
            WHEN m.status = 'draft' THEN 'it is a draft'
            WHEN m.status <> 'sent' AND m.status_on <= $2::date THEN replace(m.status, '_', ' ') || ' on ' || m.status_on
            WHEN m.step = 'thank_you' AND m.balance > 0 THEN 'it is open again'
            WHEN m.step = 'thank_you' THEN NULL
            WHEN m.balance <= 0 THEN 'paid on ' || (SELECT max(received_on) FROM payment y
                  WHERE y.agency_id = m.agency_id AND y.invoice_id = m.subject_id AND y.received_on <= $2::date)
            WHEN m.balance < $3::bigint THEN 'the balance is under the smallest amount that is chased'
       END AS gone,
       m.ext_id AS number, m.currency, m.due_on, m.balance, m.amount_cents,
       (SELECT count(*) FROM hold h WHERE h.agency_id = m.agency_id AND h.about = 'invoice'
           AND h.subject_id = m.subject_id AND h.kind = 'promise_to_pay' AND h.until_on < $2::date) AS broken,
       p.agency_name, p.postal_address, p.name AS facility_name, p.manager_name, p.phone, p.ask_for, p.history, p.credit, p.open
  FROM mine m JOIN of_party p USING (agency_id, party_id)
 ORDER BY m.agency_id, p.ext_id, m.ext_id, m.ordinal
