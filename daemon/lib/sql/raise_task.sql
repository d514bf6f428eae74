-- raise_task.sql: a task for the person who fits: whoever has open tasks of the same party or records already, so that one
-- voice calls them, else the least loaded; a matter that is open already is lifted to a higher priority, or left as it is.
-- $1 agency  $2 worker  $3 step  $4 party  $5 matter  $6 subjects  $7 title  $8 reason  $9 script  $10 phone  $11 role
-- $12 priority  $13 due_on  $14 instant  $15 cycle, or NULL
WITH ladder AS (
    SELECT * FROM unnest(CASE $11 WHEN 'va' THEN ARRAY['va', 'va_lead', 'leadership']
                                  WHEN 'va_lead' THEN ARRAY['va_lead', 'leadership', 'va']
                                  WHEN 'leadership' THEN ARRAY['leadership', 'va_lead', 'va']
                                  ELSE ARRAY[$11, 'va_lead', 'leadership', 'va'] END) WITH ORDINALITY AS l (role, place)
), placed AS ( -- whose placement it is about
    SELECT p.therapist_id, p.facility_id FROM placement p
     WHERE p.agency_id = $1::int AND $11 IN ('account_manager', 'recruiter')
       AND p.ext_id = ANY (own_ids($6::text[], 'placement'))
), own AS ( -- the account manager of the facility, the recruiter of the therapist
    SELECT f.account_manager_id AS staff_id FROM facility f
     WHERE f.agency_id = $1::int AND f.ext_id = ANY (own_ids(ARRAY[$4], 'facility')) AND $11 = 'account_manager'
    UNION ALL
    SELECT t.recruiter_id FROM therapist t
     WHERE t.agency_id = $1::int AND t.ext_id = ANY (own_ids(ARRAY[$4], 'therapist')) AND $11 = 'recruiter'
    UNION ALL
    SELECT f.account_manager_id FROM placed JOIN facility f ON f.agency_id = $1::int AND f.facility_id = placed.facility_id
     WHERE $11 = 'account_manager'
    UNION ALL
    SELECT t.recruiter_id FROM placed JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = placed.therapist_id
     WHERE $11 = 'recruiter'
), person AS (
    SELECT s.staff_id
      FROM staff s JOIN agency a USING (agency_id) LEFT JOIN ladder l ON l.role = s.role
      LEFT JOIN LATERAL (SELECT count(*) AS load, bool_or(t.party = $4 OR t.subjects && $6::text[]) AS knows FROM task t
                          WHERE t.agency_id = s.agency_id AND t.assignee_id = s.staff_id
                            AND t.state IN ('open', 'taken', 'snoozed')) t ON true,
      LATERAL (SELECT $14::timestamptz AT TIME ZONE coalesce(s.timezone, a.timezone) AS local) z
     WHERE s.agency_id = $1::int
     ORDER BY s.out_from IS NOT NULL AND z.local::date BETWEEN s.out_from AND coalesce(s.out_until, 'infinity'),
              coalesce(s.staff_id IN (SELECT staff_id FROM own), false) DESC,
              l.place NULLS LAST,
              NOT (s.skills = '{}' OR $2 = ANY (s.skills)),
              NOT (extract(isodow FROM z.local) < 6 AND extract(hour FROM z.local) BETWEEN 8 AND 16),
              coalesce(t.knows, false) DESC, t.load, s.ext_id
     LIMIT 1
), made AS (
INSERT INTO task (agency_id, worker, step, party, matter, subjects, title, reason, script, phone, assignee_id, priority,
                  due_on, created_at, cycle)
SELECT $1::int, $2, $3, $4, $5, $6::text[], $7, $8, $9, $10, (SELECT staff_id FROM person), $12, $13::date,
       $14::timestamptz, $15::date
    ON CONFLICT (agency_id, matter) WHERE state IN ('open', 'taken', 'snoozed') DO NOTHING
RETURNING task_id, assignee_id
), lifted AS ( -- a later step presses an open task of the matter
UPDATE task SET priority = $12, due_on = least(due_on, $13::date)
 WHERE agency_id = $1::int AND matter = $5 AND state IN ('open', 'taken', 'snoozed')
   AND array_position(ARRAY['low', 'normal', 'high', 'urgent'], $12) >
       array_position(ARRAY['low', 'normal', 'high', 'urgent'], priority)
RETURNING task_id
), hook AS (
    -- Where web hooks are configured, the desk calls them; not about its own calls.
    INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, subject)
    SELECT $1::int, 'task_desk', task_id, $14::timestamptz::date, 'webhook_created', -1, assignee_id, $14::timestamptz,
           $14::timestamptz, 'task:' || task_id
      FROM made
     WHERE EXISTS (SELECT FROM step WHERE agency_id = $1::int AND worker = 'task_desk' AND step = 'webhook')
       AND $5 <> 'webhook'
        ON CONFLICT DO NOTHING
)
SELECT task_id, false AS lifted FROM made
UNION ALL SELECT task_id, true FROM lifted
