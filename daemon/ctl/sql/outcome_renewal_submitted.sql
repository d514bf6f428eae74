-- outcome_renewal_submitted.sql: the renewal was filed on the date, or today. $1 agency $2 task $3 what was recorded
-- (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (today date, date date)
), mine AS (
    SELECT l.license_id, l.ext_id, l.expires_on, count(*) OVER () AS several
      FROM task t JOIN license l ON l.agency_id = t.agency_id AND l.ext_id = ANY (own_ids(t.subjects, 'license'))
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
), changed AS (
    UPDATE license l SET status = 'renewal_submitted', status_on = coalesce(a.date, a.today)
      FROM mine m, asked a
     WHERE l.agency_id = $1::int AND l.license_id = m.license_id AND m.several = 1
)
SELECT 'license:' || m.ext_id AS about, 'license.renewal_submitted' AS kind, 'filed on ' || coalesce(a.date, a.today) AS what,
       CASE WHEN m.several > 1 THEN 'the task names several licenses; import their new status instead' END AS refused
  FROM mine m, asked a
