-- outcome_ask_again.sql: it is with the payer; ask again on the date, or by the ladder. What they had asked for, they
-- have. $1 agency $2 task $3 what was recorded (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (outcome text, today date, date date, note text)
), mine AS (
    SELECT p.application_id, p.ext_id, p.status, count(*) OVER () AS several
      FROM task t JOIN panel_application p ON p.agency_id = t.agency_id AND p.ext_id = ANY (own_ids(t.subjects, 'application'))
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
), changed AS (
    UPDATE panel_application p
       SET next_on = a.date,
           status = CASE WHEN p.status = 'info_requested' AND a.outcome <> 'not_received' THEN 'in_review' ELSE p.status END,
           status_on = CASE WHEN p.status = 'info_requested' AND a.outcome <> 'not_received' THEN a.today ELSE p.status_on END
      FROM mine m, asked a
     WHERE p.agency_id = $1::int AND p.application_id = m.application_id AND m.several = 1
       AND m.status NOT IN ('approved', 'denied', 'withdrawn')
)
SELECT 'application:' || m.ext_id AS about, 'application.' || a.outcome AS kind,
       concat_ws(', ', a.note, 'ask again on ' || a.date) AS what,
       CASE WHEN m.several > 1 THEN 'the task names several applications; import their new status instead'
            WHEN m.status IN ('approved', 'denied', 'withdrawn') THEN 'application ' || m.ext_id || ' is ' || m.status || ' already' END AS refused
  FROM mine m, asked a
