-- Where a check-in stands: whether it is asked at all, what was answered, and which words worry.

-- Why a placement gets no check-in of a stage that day, or NULL. It is asked about only while it runs, and not in its
-- last days; once an answer would belong to the second stage, the first is over.
CREATE FUNCTION check_in_gone(p placement, stage int, settings jsonb, on_day date) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p.status = 'canceled' THEN 'the placement is canceled'
                WHEN p.status = 'offer' THEN 'the placement is only an offer'
                WHEN p.start_on IS NULL OR p.start_on > on_day THEN 'the placement has not started'
                WHEN p.end_on < on_day THEN 'the placement ended on ' || to_char(p.end_on, 'FMMonth FMDD, YYYY')
                WHEN p.end_on <= on_day + (settings ->> 'not_when_ending_within')::int
                    THEN 'the placement ends on ' || to_char(p.end_on, 'FMMonth FMDD, YYYY')
                WHEN stage = 30 AND on_day >= p.start_on + (settings ->> 'second_from')::int
                    THEN 'the check-in of day 60 takes its place' END
$$;

-- The newest answer to the check-in of a stage (30 or 60). Which stage an answer belongs to, its own day says.
CREATE FUNCTION check_in_answer(p placement, giver text, stage int, settings jsonb, on_day date)
RETURNS TABLE (response_id bigint, received_on date, score int, answers text) LANGUAGE sql STABLE AS $$
    SELECT r.response_id, r.received_on, r.score, r.answers FROM response r
     WHERE r.agency_id = p.agency_id AND r.about = 'placement' AND r.subject_id = p.placement_id AND r.given_by = giver
       AND r.received_on <= on_day
       AND r.received_on >= p.start_on + (settings ->> CASE stage WHEN 60 THEN 'second_from' ELSE 'first_from' END)::int
       AND (stage = 60 OR r.received_on < p.start_on + (settings ->> 'second_from')::int)
     ORDER BY r.received_on DESC, r.response_id DESC LIMIT 1
$$;

-- What the ledger has of a round of check-ins, or of an answer: for the few that the planner asks about one by one. SET
-- keeps Postgres from unfolding it, and so from planning for every year of the ledger in each plan.
CREATE FUNCTION check_in_taken(p_agency int, p_subject bigint, p_cycle date) RETURNS SETOF fired
LANGUAGE sql STABLE ROWS 5 SET search_path = public AS $$
    SELECT f.* FROM fired f WHERE f.agency_id = p_agency AND f.worker = 'check_in' AND f.subject_id = p_subject
       AND f.cycle = p_cycle
$$;

-- "unsafe, not safe" as a regular expression: whole phrases, each from the beginning of a word.
CREATE FUNCTION check_in_words(words text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '\m(' || string_agg(regexp_replace(regexp_replace(lower(trim(w)), '([^[:alnum:][:space:]''])', '\\\1', 'g'),
                                              '\s+', '\\s+', 'g'), '|') || ')'
      FROM unnest(string_to_array(words, ',')) AS w WHERE trim(w) <> ''
$$;
-- The first such phrase in an answer, or NULL. Phones write the apostrophe curled.
CREATE FUNCTION check_in_safety_word(answers text, expression text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (regexp_match(lower(translate(answers, '’', '''')), expression))[1]
$$;
