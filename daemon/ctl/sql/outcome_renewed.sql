-- outcome_renewed.sql: a new expiry begins a new cycle; dates of the old one are no longer its. $1 agency $2 task $3 what
-- was recorded (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (today date, date date)
), mine AS (
    SELECT l.license_id, l.ext_id, l.expires_on, count(*) OVER () AS several
      FROM task t JOIN license l ON l.agency_id = t.agency_id AND l.ext_id = ANY (own_ids(t.subjects, 'license'))
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
), changed AS (
    UPDATE license l SET expires_on = a.date, status = 'active', status_on = a.today, ce_by = NULL, apply_by = NULL,
                         renewal_opens = NULL, first_renewal = false
      FROM mine m, asked a
     WHERE l.agency_id = $1::int AND l.license_id = m.license_id AND m.several = 1 AND a.date > m.expires_on
)
SELECT 'license:' || m.ext_id AS about, 'license.renewed' AS kind, 'runs to ' || a.date || ', before to ' || m.expires_on AS what,
       CASE WHEN m.several > 1 THEN 'the task names several licenses; import their new expiry instead'
            WHEN a.date <= m.expires_on THEN 'license ' || m.ext_id || ' runs to ' || m.expires_on
                 || ' already; a new expiry is later than that' END AS refused
  FROM mine m, asked a
