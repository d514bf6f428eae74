-- task_show.sql: one task with all that is needed to act: $1 agency $2 task.
SELECT t.task_id AS "task", t.title, t.state, s.ext_id || ' ' || s.name AS assignee, t.priority, t.due_on AS due, t.party,
       array_to_string(t.subjects, ' ') AS subjects, t.reason, t.phone, t.script, t.outcome, t.note,
       (SELECT string_agg(to_char(h.at, 'YYYY-MM-DD') || ' ' || h.what, E'\n             ' ORDER BY h.at) FROM (
            SELECT claimed_at AS at, step || ' letter to ' || split_part(recipient, ':', 1) || ', ' || state AS what
              FROM message m WHERE m.agency_id = t.agency_id AND m.party = t.party
            UNION ALL
            SELECT closed_at, o.title || ': ' || coalesce(o.outcome, o.state) || coalesce(', ' || o.note, '')
              FROM task o WHERE o.agency_id = t.agency_id AND o.party = t.party AND o.closed_at IS NOT NULL) h) AS history
  FROM task t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
 WHERE t.agency_id = $1::int AND t.task_id::text = $2
