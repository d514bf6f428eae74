-- task_follow_up.sql: the matter of a task that was just closed comes back. $1 agency $2 task $3 the day $4 now.
WITH made AS (
    INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, script, phone, assignee_id, priority,
                      due_on, state, until_on, created_at, cycle)
    SELECT agency_id, worker, step, party, matter, subjects, title,
           'Again, after ' || outcome || coalesce(' (' || note || ')', '') || ' on ' || to_char(closed_at, 'FMMonth FMDD') || '. '
           || regexp_replace(reason, '^Again, after .*? on \w+ \d+\. ', ''),
           script, phone, assignee_id, priority, $3::date, 'snoozed', $3::date, $4::timestamptz, cycle
      FROM task WHERE agency_id = $1::int AND task_id = $2::bigint
        ON CONFLICT (agency_id, matter) WHERE state IN ('open', 'taken', 'snoozed') DO NOTHING
    RETURNING task_id, assignee_id, matter
), hook AS (
    INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject)
    SELECT $1::int, 'task_desk', task_id, $4::timestamptz::date, 'webhook_created', -1, assignee_id, $4::timestamptz,
           $4::timestamptz, 'task:' || task_id
      FROM made
     WHERE EXISTS (SELECT FROM step WHERE agency_id = $1::int AND worker = 'task_desk' AND step = 'webhook')
       AND matter <> 'webhook'
        ON CONFLICT DO NOTHING
)
SELECT task_id FROM made
