-- message_of_jobs.sql: $1 job ids; the letters that already carry their steps.
SELECT m.agency_id, m.message_id, m.internet_id, m.address, m.recipient, m.party, m.letter, m.state, m.reply,
       m.claimed_by, m.claimed_at, max(j.tries) AS tries, string_agg(j.job_id::text, ' ' ORDER BY j.job_id) AS job_ids,
       string_agg(s.subject, E'\n' ORDER BY j.job_id) AS subjects
  FROM job j
  JOIN message_step s ON s.agency_id = j.agency_id AND s.worker = j.worker AND s.subject_id = j.subject_id
                     AND s.cycle = j.cycle AND s.step = j.step
  JOIN message m ON m.agency_id = s.agency_id AND m.message_id = s.message_id
 WHERE j.job_id = ANY ($1::bigint[])
 GROUP BY m.agency_id, m.message_id
 ORDER BY m.agency_id, m.message_id
