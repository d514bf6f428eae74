-- report_aging.sql: what is open on $2, by age; disputes stay in it. $1 agency. Amounts in cents, shown as amounts in a table.
WITH open AS (
    SELECT f.ext_id AS facility, f.name, f.type, i.currency, $2::date - i.due_on AS late,
           invoice_balance(i.agency_id, i.invoice_id, i.amount_cents, $2::date) AS balance
      FROM invoice i JOIN facility f ON f.agency_id = i.agency_id AND f.facility_id = i.facility_id
     WHERE i.agency_id = $1::int AND i.settled_on > $2::date AND i.issued_on <= $2::date
       AND (i.status = 'sent' OR (i.status IN ('canceled', 'written_off') AND i.status_on > $2::date))
), grouped AS (
    SELECT type, facility, CASE WHEN facility IS NOT NULL THEN max(name) END AS name, currency,
           coalesce(sum(balance) FILTER (WHERE late <= 0), 0)::bigint AS current,
           coalesce(sum(balance) FILTER (WHERE late BETWEEN 1 AND 30), 0)::bigint AS d30,
           coalesce(sum(balance) FILTER (WHERE late BETWEEN 31 AND 60), 0)::bigint AS d60,
           coalesce(sum(balance) FILTER (WHERE late BETWEEN 61 AND 90), 0)::bigint AS d90,
           coalesce(sum(balance) FILTER (WHERE late BETWEEN 91 AND 120), 0)::bigint AS d120,
           coalesce(sum(balance) FILTER (WHERE late > 120), 0)::bigint AS over, sum(balance)::bigint AS total
      FROM open WHERE balance > 0 GROUP BY GROUPING SETS ((type, facility, currency), (type, currency), (currency))
)
SELECT coalesce(type, 'all') AS type, coalesce(facility, 'all') AS facility, name, currency, current AS "current:cents",
       d30 AS "1-30:cents", d60 AS "31-60:cents", d90 AS "61-90:cents", d120 AS "91-120:cents", over AS "over 120:cents",
       total AS "total:cents"
  FROM grouped ORDER BY currency, grouped.type NULLS LAST, grouped.facility NULLS LAST
