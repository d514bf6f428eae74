-- report_payers.sql: $1 agency  $2 date; how long each payer takes, from submission to decision, in the agency's own
-- history up to that day, and what is pending. usual_days: nine in ten, or 180 with fewer than five decisions.
WITH pending AS (
    SELECT a.payer_id, count(*) AS files, max($2::date - a.submitted_on) AS oldest
      FROM pending_applications($1::int, $2::date) a GROUP BY a.payer_id
)
SELECT y.ext_id AS payer, y.name, p.decided AS "decided:int", round(p.median, 1) AS median_days, round(p.p90, 1) AS p90_days,
       coalesce(n.files, 0) AS "pending:int", n.oldest AS "oldest_days:int",
       round(u.usual, 1) AS usual_days,
       (SELECT count(*) FROM pending_applications($1::int, $2::date) a
         WHERE a.payer_id = y.payer_id AND $2::date - a.submitted_on > u.usual) AS "beyond:int"
  FROM payer y CROSS JOIN LATERAL payer_pace(y.agency_id, y.payer_id, $2::date, NULL) p
 CROSS JOIN LATERAL (SELECT CASE WHEN p.decided >= 5 THEN p.p90 ELSE 180 END AS usual) u
  LEFT JOIN pending n ON n.payer_id = y.payer_id
 WHERE y.agency_id = $1::int AND (p.decided > 0 OR n.files > 0)
 ORDER BY n.oldest DESC NULLS LAST, y.name, y.ext_id
