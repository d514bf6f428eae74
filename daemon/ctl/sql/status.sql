-- status.sql: one row of lists. $1 now.
SELECT (SELECT json_agg(q) FROM (
            SELECT worker, state, count(*) AS jobs,
                   greatest(0, extract(epoch FROM $1::timestamptz - min(ready_at)))::bigint AS oldest_ready_s
              FROM job GROUP BY worker, state ORDER BY worker, state) q) AS queues,
       (SELECT json_agg(r) FROM (
            SELECT DISTINCT ON (o.agency_id, o.worker) o.worker, a.ext_id AS agency,
                   to_char(o.nominal, 'YYYY-MM-DD HH24:MI') AS nominal, o.state, o.planned, o.reason
              FROM occurrence o JOIN agency a USING (agency_id) ORDER BY o.agency_id, o.worker, o.nominal DESC) r) AS runs,
       (SELECT json_agg(d) FROM (
            SELECT entity, to_char(max(at), 'YYYY-MM-DD HH24:MI') AS refreshed,
                   extract(epoch FROM $1::timestamptz - max(at))::bigint / 3600 AS hours_ago
              FROM import GROUP BY entity ORDER BY entity) d) AS data,
       (SELECT json_agg(t) FROM (
            SELECT s.ext_id AS assignee, count(*) AS tasks, to_char(min(t.due_on), 'YYYY-MM-DD') AS earliest_due
              FROM task t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
             WHERE t.state IN ('open', 'taken', 'snoozed') GROUP BY s.ext_id ORDER BY s.ext_id) t) AS tasks,
       (SELECT json_agg(m) FROM (SELECT state, count(*) AS letters FROM message GROUP BY state ORDER BY state) m) AS letters,
       (SELECT json_agg(b) FROM (SELECT outcome, count(*) AS mails FROM bounce GROUP BY outcome ORDER BY outcome) b) AS returned
