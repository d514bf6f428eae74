-- why_history.sql: what the record says about $2:$3, oldest first; of one day with $4. $1 agency.
WITH about AS (SELECT $2 || ':' || $3 AS word)
SELECT coalesce(to_char(h.at, 'YYYY-MM-DD HH24:MI'), '') AS at, h.what, h.detail FROM (
    SELECT e.at, e.kind AS what, coalesce(e.detail ->> 'reason', '') AS detail, e.seq
      FROM event e, about WHERE e.agency_id = $1::int AND e.about = about.word
    UNION ALL
    SELECT m.claimed_at, 'letter ' || m.message_id || ' ' || m.state, m.step || ' to ' || split_part(m.recipient, ':', 1)
           || ': ' || m.subject_line, 0
      FROM message m, about WHERE m.agency_id = $1::int AND (m.party = about.word OR EXISTS (
           SELECT FROM message_step s WHERE s.agency_id = m.agency_id AND s.message_id = m.message_id
              AND s.subject = about.word))
    UNION ALL
    SELECT t.created_at, 'task ' || t.task_id || ' ' || t.state, t.title, 0
      FROM task t, about WHERE t.agency_id = $1::int AND (t.party = about.word OR about.word = ANY (t.subjects))
    UNION ALL
    SELECT t.closed_at, 'task ' || t.task_id || ' closed', coalesce(t.outcome, '') || coalesce(': ' || t.note, ''), 0
      FROM task t, about WHERE t.agency_id = $1::int AND (t.party = about.word OR about.word = ANY (t.subjects))
       AND t.closed_at IS NOT NULL
    UNION ALL
    SELECT f.at, 'step ' || f.step || ' ' || f.outcome, coalesce(f.reason, 'of ' || f.cycle), 0
      FROM fired f JOIN subject s ON s.agency_id = f.agency_id AND s.subject_id = f.subject_id, about
     WHERE f.agency_id = $1::int AND s.kind = $2 AND s.ext_id = $3 AND f.subject = about.word
       AND f.worker IN (SELECT worker FROM schedule WHERE agency_id = $1::int)
    UNION ALL
    SELECT NULL, 'a start on ' || o.start_on || ' was given up', '', o.start_id
      FROM placement_start o JOIN placement p USING (agency_id, placement_id)
     WHERE o.agency_id = $1::int AND $2 = 'placement' AND p.ext_id = $3
) h WHERE $4::date IS NULL OR h.at::date = $4::date ORDER BY h.at, h.seq
