-- outcome_hold.sql: a dispute or a promise holds the letters about the task's invoices. $1 agency $2 task $3 what was
-- recorded (outcomes.c).
WITH asked AS (
    SELECT * FROM jsonb_to_record($3::jsonb) AS r (outcome text, today date, date date, note text, cents bigint, actor text)
), mine AS (
    SELECT i.invoice_id, i.ext_id, row_number() OVER (ORDER BY i.ext_id) AS place
      FROM task t JOIN invoice i ON i.agency_id = t.agency_id AND i.ext_id = ANY (own_ids(t.subjects, 'invoice'))
     WHERE t.agency_id = $1::int AND t.task_id = $2::bigint
), placed AS (
    INSERT INTO hold (agency_id, ext_id, about, subject_id, kind, from_on, until_on, amount_cents, reason, placed_by)
    SELECT $1::int, 'H-' || m.place + (SELECT coalesce(max(substring(ext_id FROM '^H-([0-9]{1,9})$')::int), 0) FROM hold
                                        WHERE agency_id = $1::int),
           'invoice', m.invoice_id, a.outcome, a.today, a.date, a.cents, coalesce(a.note, 'said on the phone'), a.actor
      FROM mine m, asked a
    RETURNING subject_id, ext_id
)
SELECT 'invoice:' || m.ext_id AS about, 'hold.placed' AS kind,
       a.outcome || ': ' || coalesce(a.note, 'said on the phone') || coalesce(', until ' || a.date, '') || ' (' || p.ext_id
       || ')' AS what, NULL AS refused
  FROM placed p JOIN mine m ON m.invoice_id = p.subject_id, asked a
