-- outcome_start_moved.sql: the placement starts on another day. $1 agency $2 task $3 what was recorded (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (date date)
), mine AS (
    SELECT p.placement_id, p.ext_id, p.start_on, p.end_on, p.offer_signed_on, p.status
      FROM task t JOIN placement p ON p.agency_id = t.agency_id AND p.ext_id = ANY (own_ids(t.subjects, 'placement'))
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
     ORDER BY p.ext_id LIMIT 1
), checked AS (
    SELECT m.*, CASE WHEN m.status IN ('ended', 'canceled') THEN 'placement ' || m.ext_id || ' is ' || m.status
                     WHEN a.date = m.start_on THEN 'placement ' || m.ext_id || ' starts on ' || m.start_on || ' already'
                     WHEN a.date > m.end_on THEN 'placement ' || m.ext_id || ' ends on ' || m.end_on || ', before that'
                     WHEN a.date < m.offer_signed_on THEN 'the offer of placement ' || m.ext_id || ' was signed on '
                          || m.offer_signed_on || ', after that' END AS refused
      FROM mine m, asked a
), changed AS (
    UPDATE placement p SET start_on = a.date FROM checked c, asked a
     WHERE p.agency_id = $1::int AND p.placement_id = c.placement_id AND c.refused IS NULL
)
SELECT 'placement:' || c.ext_id AS about, 'placement.start_moved' AS kind,
       'from ' || coalesce(c.start_on::text, 'no date') || ' to ' || a.date AS what, c.refused
  FROM checked c, asked a
