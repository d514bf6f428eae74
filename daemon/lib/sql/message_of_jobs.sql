-- message_of_jobs.sql: $1 job ids; the letters that already carry their steps. OFFSET 0: from the jobs to their letters,
-- never from all letters.
SELECT m.agency_id, m.message_id, m.internet_id, m.address, m.recipient, m.party, m.letter, m.state, m.reply,
       m.claimed_by, m.claimed_at, max(j.tries) AS tries, string_agg(j.job_id::text, ' ' ORDER BY j.job_id) AS job_ids,
       string_agg(s.subject, E'\n' ORDER BY j.job_id) AS subjects
  FROM job j
 CROSS JOIN LATERAL (
       SELECT s.agency_id, s.message_id, s.subject FROM message_step s
        WHERE s.agency_id = j.agency_id AND s.worker = j.worker AND s.subject_id = j.subject_id
          AND s.cycle = j.cycle AND s.step = j.step OFFSET 0) s
 CROSS JOIN LATERAL (
       SELECT * FROM message m WHERE m.agency_id = s.agency_id AND m.message_id = s.message_id OFFSET 0) m
 WHERE j.job_id = ANY ($1::bigint[])
 GROUP BY m.agency_id, m.message_id, m.internet_id, m.address, m.recipient, m.party, m.letter, m.state, m.reply,
          m.claimed_by, m.claimed_at
 ORDER BY m.agency_id, m.message_id
