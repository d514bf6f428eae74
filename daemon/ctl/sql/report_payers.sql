-- report_payers.sql: $1 agency  $2 date; how long each payer takes, from submission to decision, in the agency's own
-- history up to that day, and what is pending. usual_days: nine in ten, or 180 with fewer than five decisions.
WITH pace AS MATERIALIZED (
    SELECT payer_id, count(*) AS decided, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY status_on - submitted_on) AS days
      FROM panel_application
     WHERE agency_id = $1::int AND status IN ('approved', 'denied') AND status_on <= $2::date AND submitted_on IS NOT NULL
     GROUP BY payer_id
), payer_now AS (
    SELECT y.payer_id, y.ext_id, y.name, coalesce(p.decided, 0) AS decided, p.days[1]::numeric AS median, p.days[2]::numeric AS p90,
           CASE WHEN p.decided >= 5 THEN p.days[2]::numeric ELSE 180 END AS usual
      FROM payer y LEFT JOIN pace p USING (payer_id) WHERE y.agency_id = $1::int
), waiting AS (
    SELECT a.payer_id, count(*) AS files, max($2::date - a.submitted_on) AS oldest,
           count(*) FILTER (WHERE $2::date - a.submitted_on > y.usual) AS beyond
      FROM pending_applications($1::int, $2::date) a JOIN payer_now y USING (payer_id) GROUP BY a.payer_id
)
SELECT y.ext_id AS payer, y.name, y.decided AS "decided:int", round(y.median, 1) AS median_days, round(y.p90, 1) AS p90_days,
       coalesce(w.files, 0) AS "pending:int", w.oldest AS "oldest_days:int", round(y.usual, 1) AS usual_days,
       coalesce(w.beyond, 0) AS "beyond:int"
  FROM payer_now y LEFT JOIN waiting w USING (payer_id)
 WHERE y.decided > 0 OR w.files > 0
 ORDER BY w.oldest DESC NULLS LAST, y.name, y.ext_id
