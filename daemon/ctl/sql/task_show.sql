-- task_show.sql: one task with all that is needed to act: $1 agency $2 task. The records by name, and the history of
-- contact over all rooms, about the party or the records.
WITH mine AS (
    SELECT * FROM task WHERE agency_id = $1::int AND task_id::text = $2
), record AS (
    SELECT 'invoice ' || i.ext_id || ': ' || f.name || ', due ' || i.due_on || ', '
           || to_char(invoice_balance(i.agency_id, i.invoice_id, i.amount_cents, 'infinity') / 100.0, 'FM999,999,990.00')
           || ' ' || i.currency || ' open' AS line, i.ext_id
      FROM mine t JOIN invoice i ON i.agency_id = t.agency_id AND i.ext_id = ANY (own_ids(t.subjects, 'invoice'))
      JOIN facility f ON f.agency_id = i.agency_id AND f.facility_id = i.facility_id
    UNION ALL
    SELECT 'license ' || l.ext_id || ': ' || h.name || ', ' || concat_ws(' ', nullif(l.state, 'US'), l.type) || ', expires '
           || l.expires_on || ', ' || replace(l.status, '_', ' '), l.ext_id
      FROM mine t JOIN license l ON l.agency_id = t.agency_id AND l.ext_id = ANY (own_ids(t.subjects, 'license'))
      JOIN therapist h ON h.agency_id = l.agency_id AND h.therapist_id = l.therapist_id
    UNION ALL
    SELECT 'placement ' || p.ext_id || ': ' || h.name || ' at ' || f.name || ', ' || p.status
           || coalesce(', start ' || p.start_on, '') || coalesce(', end ' || p.end_on, ''), p.ext_id
      FROM mine t JOIN placement p ON p.agency_id = t.agency_id AND p.ext_id = ANY (own_ids(t.subjects, 'placement'))
      JOIN therapist h ON h.agency_id = p.agency_id AND h.therapist_id = p.therapist_id
      JOIN facility f ON f.agency_id = p.agency_id AND f.facility_id = p.facility_id
    UNION ALL
    SELECT 'application ' || a.ext_id || ': ' || h.name || ' with ' || y.name || ', ' || replace(a.status, '_', ' ')
           || coalesce(', submitted ' || a.submitted_on, '') || coalesce(', reference ' || a.reference, '')
           || coalesce(', ask again on ' || a.next_on, ''), a.ext_id
      FROM mine t JOIN panel_application a ON a.agency_id = t.agency_id AND a.ext_id = ANY (own_ids(t.subjects, 'application'))
      JOIN therapist h ON h.agency_id = a.agency_id AND h.therapist_id = a.therapist_id
      JOIN payer y ON y.agency_id = a.agency_id AND y.payer_id = a.payer_id
    UNION ALL
    SELECT 'therapist ' || h.ext_id || ': ' || h.name, h.ext_id
      FROM mine t JOIN therapist h ON h.agency_id = t.agency_id AND h.ext_id = ANY (own_ids(t.subjects, 'therapist'))
    UNION ALL
    SELECT 'task ' || o.task_id || ': ' || o.title || ', ' || o.state, o.task_id::text
      FROM mine t JOIN task o ON o.agency_id = t.agency_id AND o.task_id = ANY (own_ids(t.subjects, 'task')::bigint[])
), letter AS (
    SELECT m.message_id FROM mine t JOIN message m ON m.agency_id = t.agency_id AND m.party = t.party
    UNION
    SELECT s.message_id FROM mine t JOIN message_step s ON s.agency_id = t.agency_id AND s.subject = ANY (t.subjects)
), happened AS (
    SELECT m.claimed_at AS at, replace(m.worker, '_', ' ') || ': ' || replace(m.step, '_', ' ') || ' letter to '
           || replace(split_part(m.recipient, ':', 1), '_', ' ') || ', ' || m.state
           || CASE WHEN m.returned IS NOT NULL THEN ', came back' ELSE '' END AS what
      FROM letter JOIN message m ON m.agency_id = $1::int AND m.message_id = letter.message_id
    UNION ALL
    SELECT o.closed_at, replace(o.worker, '_', ' ') || ': ' || o.title || ': ' || replace(coalesce(o.outcome, o.state), '_', ' ')
           || coalesce(', ' || o.note, '')
      FROM mine t JOIN task o ON o.agency_id = t.agency_id AND o.closed_at IS NOT NULL AND o.task_id <> t.task_id
       AND (o.party = t.party OR o.subjects && t.subjects)
    UNION ALL
    SELECT h.from_on, replace(h.kind, '_', ' ') || ': ' || h.reason || coalesce(', until ' || h.until_on, '')
      FROM mine t JOIN subject s ON s.agency_id = t.agency_id AND s.kind || ':' || s.ext_id = ANY (t.subjects || t.party)
      JOIN hold h ON h.agency_id = s.agency_id AND h.about = s.kind AND h.subject_id = s.subject_id
    UNION ALL
    SELECT r.received_on, 'answer of ' || r.given_by || coalesce(': ' || r.score || ' of 10', '') || coalesce(', ' || r.answers, '')
      FROM mine t JOIN placement p ON p.agency_id = t.agency_id AND p.ext_id = ANY (own_ids(t.subjects, 'placement'))
      JOIN response r ON r.agency_id = p.agency_id AND r.about = 'placement' AND r.subject_id = p.placement_id
)
SELECT t.task_id AS "task", t.worker, t.title, t.state, s.ext_id || ' ' || s.name AS assignee, t.priority, t.due_on AS due,
       t.until_on AS until, t.party, coalesce(party_name(t.agency_id, t.party) || ' (' || t.party || ')', t.party) AS about,
       array_to_string(t.subjects, ' ') AS subjects, (SELECT string_agg(line, E'\n' ORDER BY ext_id) FROM record) AS records,
       t.reason, t.phone, t.script, t.outcome, t.note,
       (SELECT string_agg(to_char(at, 'YYYY-MM-DD') || ' ' || what, E'\n' ORDER BY at, what) FROM happened) AS history
  FROM mine t JOIN staff s ON s.agency_id = t.agency_id AND s.staff_id = t.assignee_id
