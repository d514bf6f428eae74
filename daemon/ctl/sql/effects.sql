-- effects.sql: what happened since $2, as the contract's stream, by time then kind and subject. $1 agency $3 zone.
WITH effect AS (
    SELECT m.claimed_at AS at, 1 AS rank, m.worker, m.step, 'message' AS effect, m.party,
           (SELECT jsonb_agg(DISTINCT s.subject) FROM message_step s
             WHERE s.agency_id = m.agency_id AND s.message_id = m.message_id) AS subjects,
           jsonb_build_array(m.recipient) AS "to", m.template, m.subject_line, NULL AS assignee, NULL AS priority,
           NULL::date AS due, NULL AS title, NULL AS reason
      FROM message m WHERE m.agency_id = $1::int AND m.claimed_at >= $2::timestamptz
    UNION ALL
    SELECT t.created_at, 2, t.worker, t.step, 'task', t.party, to_jsonb(t.subjects), NULL, NULL, NULL, 'staff:' || s.ext_id,
           t.priority, t.due_on, t.title, t.reason
      FROM task t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
     WHERE t.agency_id = $1::int AND t.created_at >= $2::timestamptz
    UNION ALL
    SELECT f.at, 3, f.worker, f.step, CASE f.outcome WHEN 'never' THEN 'failed' ELSE f.outcome END, NULL,
           jsonb_build_array(f.subject), NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, f.reason
      FROM fired f
     WHERE f.agency_id = $1::int AND f.at >= $2::timestamptz
    UNION ALL
    SELECT e.at, 4, e.actor, split_part(e.detail ->> 'reason', ':', 1), substr(e.kind, 5), NULL,
           jsonb_build_array(e.about), NULL, NULL, NULL, NULL, NULL, NULL, NULL, e.detail ->> 'reason'
      FROM event e WHERE e.agency_id = $1::int AND e.at >= $2::timestamptz AND e.kind IN ('job.moot', 'job.held')
    UNION ALL
    SELECT o.at, 5, o.worker, NULL, o.state, NULL, '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, o.reason
      FROM occurrence o WHERE o.agency_id = $1::int AND o.at >= $2::timestamptz AND o.state <> 'fired'
)
SELECT to_char(at AT TIME ZONE $3, 'YYYY-MM-DD"T"HH24:MI:SS') ||
       to_char((at AT TIME ZONE $3) - (at AT TIME ZONE 'UTC'), 'HH24:MI') AS at, worker, step, effect, party,
       subjects::text AS "subjects:json", "to"::text AS "to:json", template, subject_line, assignee, priority, due, title,
       reason
  FROM effect ORDER BY effect.at, rank, worker, effect.step, effect.subjects::text, effect."to"::text
