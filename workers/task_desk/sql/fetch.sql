-- fetch.sql: staff with their open tasks, and aged tasks (parameters and standard columns in daemon/lib/room.h; $3 is not
-- used here). Own columns: name, email, gone, tasks (JSON, urgent first, then by due day); of an aged task title, days_late,
-- task_reason, task_phone and more.
WITH asked AS (SELECT $4::jsonb), mine AS (
    SELECT j.* FROM job j WHERE j.job_id = ANY ($1::bigint[]) AND j.state = 'ready' AND $3::bigint IS NOT NULL
)
SELECT m.job_id, m.agency_id, m.subject_id,
       CASE WHEN m.step = 'digest' THEN 'staff:' || s.ext_id ELSE 'task:' || m.subject_id END AS subject,
       m.party_id, 'staff:' || s.ext_id AS party, m.cycle, m.step, m.ordinal, m.tries, '' AS variant,
       NULL::text AS held, coalesce(s.timezone, a.timezone) AS zone, a.name AS from_name, a.reply_to,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = m.agency_id AND f.worker = m.worker
                  AND f.subject_id = m.subject_id AND f.cycle = m.cycle AND f.step = m.step) AS fired,
       CASE WHEN m.step = 'digest' AND d.tasks IS NULL THEN 'nothing is open any more'
            WHEN m.step = 'digest' AND m.cycle <> $2::date THEN 'its morning has passed'
            WHEN m.step LIKE 'webhook%' THEN NULL
            WHEN m.step <> 'digest' AND t.state NOT IN ('open', 'taken', 'snoozed') THEN 'the task is ' || t.state
            WHEN m.step <> 'digest' AND t.due_on <> m.cycle THEN 'the task is due later now'
       END AS gone,
       s.name, s.email, a.name AS agency_name, d.tasks, t.title, $2::date - t.due_on AS days_late, t.task_id,
       t.reason AS task_reason, t.phone AS task_phone, t.party AS task_party, t.priority, t.state AS task_state, t.outcome, t.due_on
  FROM mine m JOIN agency a USING (agency_id)
  JOIN staff s ON s.agency_id = m.agency_id AND s.staff_id = m.party_id
  LEFT JOIN task t ON t.agency_id = m.agency_id AND t.task_id = m.subject_id AND m.step <> 'digest'
  LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('id', k.task_id, 'title', k.title, 'due', k.due_on,
                       'about', coalesce(party_name(k.agency_id, k.party), k.party), 'room', replace(k.worker, '_', ' '),
                       'days_late', $2::date - k.due_on, 'priority', k.priority, 'phone', coalesce(k.phone, ''),
                       'reason', k.reason, 'script', coalesce(k.script, ''))
             ORDER BY array_position(ARRAY['urgent', 'high', 'normal', 'low'], k.priority), k.due_on, k.task_id) AS tasks
        FROM task k WHERE m.step = 'digest' AND k.agency_id = m.agency_id AND k.assignee_id = m.party_id
         AND (k.state IN ('open', 'taken') OR (k.state = 'snoozed' AND k.until_on <= $2::date))) d ON true
 ORDER BY m.agency_id, s.ext_id, m.ordinal, m.subject_id
