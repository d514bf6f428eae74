-- withdraw.sql: open check-in calls whose cause is gone: answered, over, moved (parameters in daemon/lib/rooms.h).
WITH call AS (
    SELECT t.task_id, t.cycle, split_part(t.step, '_', 1) AS asked, substring(t.step FROM '\d+')::int AS stage,
           p AS placement, p.start_on
      FROM task t JOIN placement p ON p.agency_id = t.agency_id AND t.subjects = ARRAY['placement:' || p.ext_id]
     WHERE t.agency_id = $1::int AND t.worker = 'check_in' AND t.state IN ('open', 'taken', 'snoozed')
       AND t.step ~ '^(therapist|facility)_\d' AND starts_with(t.matter, t.step)
), reason AS (
    SELECT c.task_id,
           CASE WHEN c.cycle <> c.start_on THEN 'the start moved from ' || to_char(c.cycle, 'FMMonth FMDD, YYYY')
                     || ' to ' || to_char(c.start_on, 'FMMonth FMDD, YYYY')
                WHEN a.received_on IS NOT NULL THEN 'answered on ' || to_char(a.received_on, 'FMMonth FMDD, YYYY')
                -- Close to the end a call that is open already still makes sense.
                ELSE check_in_gone(c.placement, c.stage, $3::jsonb || '{"not_when_ending_within": -1}', $2::date)
           END AS reason
      FROM call c LEFT JOIN LATERAL check_in_answer(c.placement, c.asked, c.stage, $3::jsonb, $2::date) a ON true
)
SELECT task_id, reason FROM reason WHERE reason IS NOT NULL
