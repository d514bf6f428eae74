-- fetch.sql: a window's jobs with their placements and answers as they are now (parameters and columns in
-- daemon/lib/room.h; $3 is not used). Own column: response, the answer that a job is about. The subject of a concern is
-- its answer; that of all others, the placement.
WITH mine AS MATERIALIZED (
    SELECT j.*, p AS placement, p.ext_id, p.start_on, p.therapist_id, p.facility_id, p.end_on,
           split_part(j.party, ':', 1) AS asked, split_part(j.step, '_', 1) AS kind,
           CASE WHEN j.step LIKE '%60%' THEN 60 ELSE 30 END AS stage,
           r.ext_id AS response, r.given_by, r.received_on, r.score, r.answers
      FROM job j
      LEFT JOIN response r ON j.step LIKE 'concern%' AND r.agency_id = j.agency_id AND r.response_id = j.subject_id
      JOIN placement p ON p.agency_id = j.agency_id
       AND p.placement_id = CASE WHEN j.step LIKE 'concern%' THEN r.subject_id ELSE j.subject_id END
     WHERE j.job_id = ANY ($1::bigint[]) AND j.state = 'ready' AND $3::bigint IS NOT NULL
), known AS (
    SELECT m.*, t.name AS therapist, t.email AS therapist_email, t.phone AS therapist_phone,
           t.timezone AS therapist_zone, f.name AS facility, f.type, f.timezone AS facility_zone,
           a.name AS agency_name, a.timezone AS agency_zone, a.reply_to, a.postal_address,
           s.name AS person, s.email AS person_email, d.name AS director, d.phone AS director_phone,
           d.email AS director_email,
           check_in_safety_word(m.answers, check_in_words($4::jsonb ->> 'safety_words')) AS word
      FROM mine m JOIN therapist t USING (agency_id, therapist_id) JOIN facility f USING (agency_id, facility_id)
      JOIN agency a USING (agency_id)
      LEFT JOIN staff s ON s.agency_id = m.agency_id
           AND s.staff_id = CASE m.asked WHEN 'facility' THEN f.account_manager_id ELSE t.recruiter_id END
      LEFT JOIN LATERAL (SELECT c.name, c.phone, c.email FROM contact c
                          WHERE c.agency_id = m.agency_id AND c.facility_id = m.facility_id
                          ORDER BY array_position(ARRAY['clinical_director', 'hr', 'compliance', 'billing'], c.role),
                                   c.phone IS NULL, c.ext_id LIMIT 1) d ON true
), said AS (
    SELECT k.*, CASE k.asked WHEN 'facility' THEN other.received_on ELSE one.received_on END AS own_on,
           one.received_on AS one_on, one.score AS one_score, one.answers AS one_words, other.received_on AS other_on,
           other.score AS other_score, other.answers AS other_words, w.asked_on, w.history,
           CASE k.asked WHEN 'facility' THEN first_other.received_on ELSE first_one.received_on END AS earlier_on,
           CASE k.asked WHEN 'facility' THEN first_other.score ELSE first_one.score END AS earlier_score,
           CASE k.asked WHEN 'facility' THEN first_other.answers ELSE first_one.answers END AS earlier_words
      FROM known k
      LEFT JOIN LATERAL check_in_answer(k.placement, 'therapist', k.stage, $4::jsonb, $2::date) one ON true
      LEFT JOIN LATERAL check_in_answer(k.placement, 'facility', k.stage, $4::jsonb, $2::date) other ON true
      LEFT JOIN LATERAL check_in_answer(k.placement, 'therapist', 30, $4::jsonb, $2::date) first_one ON k.stage = 60
      LEFT JOIN LATERAL check_in_answer(k.placement, 'facility', 30, $4::jsonb, $2::date) first_other ON k.stage = 60
      LEFT JOIN LATERAL (
          SELECT max(x.claimed_at AT TIME ZONE k.agency_zone) FILTER (WHERE x.step LIKE '%' || k.stage || '%')
                     AS asked_on,
                 string_agg(to_char(x.claimed_at AT TIME ZONE k.agency_zone, 'FMMonth FMDD, YYYY') || ': letter to '
                            || split_part(x.recipient, ':', 2)
                            || CASE x.state WHEN 'sent' THEN '' ELSE ' (' || x.state || ')' END, E'\n'
                            ORDER BY x.claimed_at) AS history
            FROM (SELECT DISTINCT m.message_id, m.claimed_at, m.recipient, m.state, s.step
                    FROM message_step s JOIN message m USING (agency_id, message_id)
                   WHERE s.agency_id = k.agency_id AND s.worker = 'check_in' AND s.subject_id = k.subject_id
                     AND s.cycle = k.cycle AND m.party = k.party) x) w ON k.kind IN ('therapist', 'facility')
)
SELECT s.job_id, s.agency_id, s.subject_id, 'placement:' || s.ext_id AS subject, s.party_id, s.party, s.cycle, s.step,
       s.ordinal, s.tries, s.type AS variant, s.response,
       coalesce(CASE s.asked WHEN 'facility' THEN s.facility_zone ELSE s.therapist_zone END, s.agency_zone) AS zone,
       s.agency_name AS from_name, s.reply_to,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = s.agency_id AND f.worker = s.worker
                  AND f.subject_id = s.subject_id AND f.cycle = s.cycle AND f.step = s.step) AS fired,
       CASE WHEN s.kind IN ('therapist', 'facility') THEN subject_held(s.agency_id, ARRAY['placement', s.asked],
            ARRAY[(s.placement).placement_id, s.party_id], $2::date) END AS held,
       CASE WHEN s.kind IN ('moved', 'concern') THEN NULL
            WHEN s.party_id <> CASE s.asked WHEN 'facility' THEN s.facility_id ELSE s.therapist_id END
                 THEN 'the placement is another ' || s.asked || '''s'
            WHEN s.cycle IS DISTINCT FROM s.start_on
                 THEN 'the start moved from ' || to_char(s.cycle, 'FMMonth FMDD, YYYY')
                 || coalesce(' to ' || to_char(s.start_on, 'FMMonth FMDD, YYYY'), '')
            WHEN s.kind = 'differ' AND abs(s.one_score - s.other_score) >= ($4::jsonb ->> 'differ_by')::int THEN NULL
            WHEN s.kind = 'differ' THEN 'the answers no longer differ'
            WHEN s.own_on IS NOT NULL THEN 'answered on ' || to_char(s.own_on, 'FMMonth FMDD, YYYY')
            ELSE check_in_gone(s.placement, s.stage, $4::jsonb, $2::date) END AS gone,
       -- What was said stands in the script alone: a reason goes into the event log.
       CASE s.kind
            WHEN 'moved' THEN 'the start moved from ' || to_char(s.cycle, 'FMMonth FMDD, YYYY')
                 || coalesce(' to ' || to_char(s.start_on, 'FMMonth FMDD, YYYY'), '')
                 || '; its check-ins begin anew, withdrawn are ' || (
                     SELECT string_agg(f.step || ' of '
                                       || to_char(f.at AT TIME ZONE s.agency_zone, 'FMMonth FMDD, YYYY'), ', '
                                       ORDER BY f.ordinal)
                       FROM fired f
                      WHERE f.agency_id = s.agency_id AND f.worker = s.worker AND f.subject_id = s.subject_id
                        AND f.cycle = s.cycle AND f.ordinal >= 0)
            WHEN 'concern' THEN concat_ws(', and ', CASE WHEN s.score <= ($4::jsonb ->> 'low_score')::int
                                                         THEN 'a score of ' || s.score || ' out of 10' END,
                                          CASE WHEN s.word IS NOT NULL THEN 'words about safety' END)
                 || ' in the answer of ' || to_char(s.received_on, 'FMMonth FMDD, YYYY')
            WHEN 'differ' THEN 'the therapist says ' || s.one_score || ', the facility says ' || s.other_score
                               || ' out of 10'
            ELSE 'No answer to the day ' || s.stage || ' check-in'
                 || coalesce('; last asked on ' || to_char(s.asked_on, 'FMMonth FMDD, YYYY'), '') END AS why,
       CASE WHEN s.kind = 'concern' THEN CASE WHEN s.word IS NULL THEN 'high' ELSE 'urgent' END END AS priority,
       CASE WHEN coalesce(s.given_by, s.asked) = 'facility' THEN s.director_phone ELSE s.therapist_phone END AS phone,
       jsonb_build_object(
           'agency', jsonb_build_object('name', s.agency_name, 'reply_to', s.reply_to,
                                        'postal_address', s.postal_address),
           'therapist', jsonb_build_object('name', s.therapist,
                                           'phone', coalesce(s.therapist_phone, 'no number on record'),
                                           'email', coalesce(s.therapist_email, 'no address on record')),
           'facility', jsonb_build_object('name', s.facility),
           'director', jsonb_build_object('name', coalesce(s.director, 'the clinical director'),
                                          'phone', coalesce(s.director_phone, 'no number on record'),
                                          'email', coalesce(s.director_email, 'no address on record')),
           'person', jsonb_build_object('name', coalesce(s.person, ''), 'email', coalesce(s.person_email, '')),
           'has_person', s.person IS NOT NULL,
           'stage', s.stage, 'history', coalesce(s.history, 'nothing on record yet')) AS common,
       jsonb_build_object(
           'therapist_name', s.therapist, 'facility_name', s.facility,
           'since', to_char(s.start_on, 'FMMonth FMDD, YYYY'),
           'has_end', s.end_on IS NOT NULL, 'ends', coalesce(to_char(s.end_on, 'FMMonth FMDD, YYYY'), ''),
           'first', s.stage = 30, 'second', s.stage = 60,
           'again', s.asked_on IS NOT NULL, 'asked_on', coalesce(to_char(s.asked_on, 'FMMonth FMDD'), ''),
           'has_earlier', s.earlier_score IS NOT NULL OR s.earlier_words IS NOT NULL,
           'has_earlier_score', s.earlier_score IS NOT NULL, 'earlier_score', coalesce(s.earlier_score, 0),
           'has_earlier_words', s.earlier_words IS NOT NULL, 'earlier_words', coalesce(s.earlier_words, ''),
           'earlier_on', coalesce(to_char(s.earlier_on, 'FMMonth FMDD'), ''),
           'by_facility', coalesce(s.given_by = 'facility', false),
           'said_on', coalesce(to_char(s.received_on, 'FMMonth FMDD, YYYY'), ''),
           'has_score', s.score IS NOT NULL, 'score', coalesce(s.score, 0),
           'has_words', s.answers IS NOT NULL, 'words', coalesce(s.answers, ''),
           'is_safety', s.word IS NOT NULL, 'safety_word', coalesce(s.word, ''),
           'therapist_score', coalesce(s.one_score, 0),
           'therapist_on', coalesce(to_char(s.one_on, 'FMMonth FMDD, YYYY'), ''),
           'has_therapist_words', s.one_words IS NOT NULL, 'therapist_words', coalesce(s.one_words, ''),
           'facility_score', coalesce(s.other_score, 0),
           'facility_on', coalesce(to_char(s.other_on, 'FMMonth FMDD, YYYY'), ''),
           'has_facility_words', s.other_words IS NOT NULL, 'facility_words', coalesce(s.other_words, '')) AS item,
       NULL AS documents
  FROM said s
 ORDER BY s.agency_id, s.party, s.ext_id, s.ordinal
