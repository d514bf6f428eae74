-- outcome_answered.sql: what therapist or facility said on the phone is their answer. $1 agency $2 task $3 what was
-- recorded (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (today date, note text, score int)
), mine AS (
    SELECT t.task_id, p.placement_id, p.ext_id, split_part(t.party, ':', 1) AS given_by
      FROM task t JOIN placement p ON p.agency_id = t.agency_id AND p.ext_id = ANY (own_ids(t.subjects, 'placement'))
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
     ORDER BY p.ext_id LIMIT 1
), put AS (
    INSERT INTO response (agency_id, ext_id, about, subject_id, given_by, received_on, score, answers)
    SELECT $1::int, 'VA-' || m.task_id, 'placement', m.placement_id, m.given_by, a.today, a.score, a.note
      FROM mine m, asked a WHERE m.given_by IN ('therapist', 'facility')
        ON CONFLICT (agency_id, ext_id) DO NOTHING
)
SELECT 'placement:' || m.ext_id AS about, 'response.recorded' AS kind,
       'by the ' || m.given_by || coalesce(', ' || a.score || ' of 10', '') AS what,
       CASE WHEN m.given_by NOT IN ('therapist', 'facility')
            THEN 'the task is about neither a therapist nor a facility, so nobody can have answered'
            WHEN EXISTS (SELECT FROM response r WHERE r.agency_id = $1::int AND r.ext_id = 'VA-' || m.task_id)
            THEN 'another answer is on record as VA-' || m.task_id || '; import this one under an id of its own' END AS refused
  FROM mine m, asked a
