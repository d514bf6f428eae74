-- due.sql: the VA desk: a morning digest for each person with open tasks, and tasks that have aged past a rung
-- (parameters in daemon/lib/rooms.h). Step `digest` stands for the day itself; the others climb from a task's due day.
WITH rung AS (
    SELECT * FROM unnest($4::text[], $5::int[], $6::date[]) AS r (step, ordinal, latest)
)
SELECT s.staff_id AS subject_id, 'staff:' || s.ext_id AS subject, $2::date AS cycle, r.step, r.ordinal,
       s.staff_id AS party_id, 'staff:' || s.ext_id AS party, 'tasks are open' AS why
  FROM rung r, staff s
 WHERE r.step = 'digest' AND r.latest >= $2::date AND s.agency_id = $1::int
   AND EXISTS (SELECT FROM task t WHERE t.agency_id = s.agency_id AND t.assignee_id = s.staff_id
                  AND (t.state IN ('open', 'taken') OR (t.state = 'snoozed' AND t.until_on <= $2::date)))
   AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = s.agency_id AND f.worker = 'task_desk'
                      AND f.subject_id = s.staff_id AND f.cycle = $2::date AND f.step = 'digest')
UNION ALL
SELECT t.task_id, 'task:' || t.task_id, t.due_on, r.step, r.ordinal, s.staff_id, 'staff:' || s.ext_id,
       'due ' || t.due_on || ' and still open'
  FROM task t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
  CROSS JOIN LATERAL (
      SELECT rung.step, rung.ordinal FROM rung
       WHERE rung.step <> 'digest' AND t.due_on <= rung.latest
         AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'task_desk'
                            AND f.subject_id = t.task_id AND f.cycle = t.due_on AND f.ordinal >= rung.ordinal
                            AND f.step <> 'digest')
       ORDER BY rung.ordinal DESC LIMIT 1) r
 WHERE t.agency_id = $1::int AND t.worker <> 'task_desk'
   AND (t.state IN ('open', 'taken') OR (t.state = 'snoozed' AND t.until_on <= $2::date))
