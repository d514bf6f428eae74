-- due.sql: placements to ask about, answers that worry, answers that differ, rounds whose start moved (parameters in
-- daemon/lib/rooms.h). A step's id begins with its track: whom it asks and after how many days, therapist_30.
-- The rungs narrow the placements by start_on and the answers by the day on which they came; the ledger is then asked
-- row by row (scalar subqueries), so that the cost follows what is recent, not what is stored.
WITH rung AS MATERIALIZED (
    SELECT r.*, split_part(track, '_', 1) AS asked, split_part(track, '_', 2) AS stage
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
), ladder AS MATERIALIZED (
    SELECT *, coalesce(oldest, '-infinity') AS since, ordinal / 1000000 AS place,
           min(coalesce(oldest, latest)) OVER () - 1 AS long_ago
      FROM rung WHERE asked IN ('therapist', 'facility')
), reach AS MATERIALIZED (
    SELECT min(since) AS oldest, max(latest) AS latest FROM ladder
), stair AS MATERIALIZED ( -- which step a start has reached; those so old that every rung sees them alike are one day
    SELECT DISTINCT ON (variant, place, start_on, CASE WHEN $8 = 'one_step' THEN ordinal END)
           variant, asked, stage::int AS stage, place, greatest(since, long_ago) + n AS start_on, step, ordinal
      FROM ladder, generate_series(0, latest - greatest(since, long_ago)) n
     ORDER BY variant, place, start_on, CASE WHEN $8 = 'one_step' THEN ordinal END, ordinal DESC
), standing AS MATERIALIZED (
    -- What the ledger has of each is asked once. A near bound spares it most of its yearly parts.
    SELECT p AS placement, p.placement_id, p.ext_id, p.start_on, p.therapist_id, p.facility_id, f.ext_id AS facility,
           CASE WHEN f.type IN (SELECT variant FROM rung) THEN f.type ELSE '' END AS variant,
           greatest(p.start_on, (SELECT min(long_ago) FROM ladder)) AS stands_on,
           CASE WHEN p.start_on >= $2::date - 400 THEN
           array(SELECT d.ordinal FROM fired d WHERE d.agency_id = $1::int AND d.worker = 'check_in'
                    AND d.subject_id = p.placement_id AND d.cycle = p.start_on
                    AND d.cycle BETWEEN $2::date - 400 AND $2::date)
           ELSE array(SELECT d.ordinal FROM check_in_taken($1::int, p.placement_id, p.start_on) d) END AS taken
      FROM placement p JOIN facility f USING (agency_id, facility_id)
     WHERE p.agency_id = $1::int AND p.start_on BETWEEN (SELECT oldest FROM reach) AND (SELECT latest FROM reach)
       AND check_in_gone(p, 60, $12::jsonb, $2::date) IS NULL -- whatever the stage
), asking AS MATERIALIZED (
    SELECT DISTINCT ON (s.placement_id, r.place) s.*, r.asked, r.step, r.ordinal, r.stage,
           CASE r.asked WHEN 'facility' THEN s.facility_id ELSE s.therapist_id END AS party_id
      FROM standing s JOIN stair r ON r.variant = s.variant AND r.start_on = s.stands_on
     WHERE NOT EXISTS (SELECT FROM unnest(s.taken) AS t (ordinal)
                        WHERE t.ordinal / 1000000 = r.place AND t.ordinal >= r.ordinal)
     ORDER BY s.placement_id, r.place, r.ordinal
), held AS MATERIALIZED (
    SELECT h.about, h.subject_id FROM hold h
     WHERE h.agency_id = $1::int AND h.about IN ('placement', 'therapist', 'facility') AND h.from_on <= $2::date
       AND (h.until_on IS NULL OR h.until_on >= $2::date) AND (h.released_on IS NULL OR h.released_on > $2::date)
), recent AS MATERIALIZED ( -- what came lately, or since ever where nothing is forgotten
    SELECT track, step, ordinal, coalesce(oldest, '-infinity') AS oldest, substring(step FROM '\d+')::int AS stage
      FROM rung WHERE variant = '' AND track IN ('concern', 'differ')
), lately AS MATERIALIZED (
    SELECT r.* FROM response r
     WHERE r.agency_id = $1::int AND r.about = 'placement'
       AND r.received_on BETWEEN (SELECT min(oldest) FROM recent) AND $2::date
), words AS MATERIALIZED (
    SELECT check_in_words($12::jsonb ->> 'safety_words') AS expression
), worry AS MATERIALIZED (
    SELECT r.response_id, r.received_on, r.subject_id, c.step, c.ordinal
      FROM recent c JOIN lately r ON r.received_on >= c.oldest
     WHERE c.track = 'concern'
       AND (r.score <= ($12::jsonb ->> 'low_score')::int
            OR check_in_safety_word(r.answers, (SELECT expression FROM words)) IS NOT NULL)
), apart AS MATERIALIZED ( -- someone on the other side once said something far from it
    SELECT r.response_id, r.received_on, r.subject_id FROM lately r
     WHERE (SELECT true FROM response o WHERE o.agency_id = $1::int AND o.about = 'placement'
               AND o.subject_id = r.subject_id AND o.given_by <> r.given_by
               AND abs(o.score - r.score) >= ($12::jsonb ->> 'differ_by')::int LIMIT 1)
), moved AS MATERIALIZED (
    SELECT DISTINCT o.placement_id, o.start_on FROM placement_start o
     WHERE o.agency_id = $1::int
       AND o.start_on BETWEEN (SELECT oldest FROM reach) AND (SELECT latest FROM reach)
       AND (SELECT bool_or(f.ordinal >= 0) AND NOT bool_or(f.step = 'moved')
              FROM check_in_taken($1::int, o.placement_id, o.start_on) f)
)
SELECT a.placement_id AS subject_id, 'placement:' || a.ext_id AS subject, a.start_on AS cycle, a.step, a.ordinal,
       a.party_id, a.asked || ':' || CASE a.asked WHEN 'facility' THEN a.facility ELSE t.ext_id END AS party,
       'began on ' || a.start_on || ', no answer for day ' || a.stage AS why
  FROM asking a JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = a.therapist_id
 WHERE check_in_gone(a.placement, a.stage, $12::jsonb, $2::date) IS NULL
   AND NOT EXISTS (SELECT FROM check_in_answer(a.placement, a.asked, a.stage, $12::jsonb, $2::date))
   AND ('placement', a.placement_id) NOT IN (SELECT about, subject_id FROM held)
   AND (a.asked, a.party_id) NOT IN (SELECT about, subject_id FROM held)
UNION ALL
-- A low score or a safety word: each answer by itself, also when the placement is over or held.
SELECT w.response_id, 'placement:' || p.ext_id, w.received_on, w.step, w.ordinal, p.therapist_id,
       'therapist:' || t.ext_id, 'the answer of ' || w.received_on || ' needs a person today'
  FROM worry w JOIN placement p ON p.agency_id = $1::int AND p.placement_id = w.subject_id
  JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = p.therapist_id
 WHERE CASE WHEN w.received_on >= $2::date - 400
            THEN (SELECT true FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'check_in'
                     AND f.subject_id = w.response_id AND f.cycle = w.received_on AND f.step = w.step
                     AND f.cycle BETWEEN $2::date - 400 AND $2::date)
            ELSE (SELECT true FROM check_in_taken($1::int, w.response_id, w.received_on) f WHERE f.step = w.step)
            END IS NULL
UNION ALL
-- The two see it differently: once for each round and stage, when the later of the two has answered.
SELECT DISTINCT p.placement_id, 'placement:' || p.ext_id, p.start_on, d.step, d.ordinal, p.therapist_id,
       'therapist:' || t.ext_id, 'therapist and facility differ at day ' || d.stage
  FROM apart r JOIN recent d ON d.track = 'differ' AND r.received_on >= d.oldest
  CROSS JOIN LATERAL (SELECT o AS placement, o.* FROM placement o
                       WHERE o.agency_id = $1::int AND o.placement_id = r.subject_id OFFSET 0) p
  JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = p.therapist_id
  CROSS JOIN LATERAL check_in_answer(p.placement, 'therapist', d.stage, $12::jsonb, $2::date) one
  CROSS JOIN LATERAL check_in_answer(p.placement, 'facility', d.stage, $12::jsonb, $2::date) other
 WHERE r.response_id IN (one.response_id, other.response_id)
   AND abs(one.score - other.score) >= ($12::jsonb ->> 'differ_by')::int
   AND CASE WHEN p.start_on >= $2::date - 400
            THEN (SELECT true FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'check_in'
                     AND f.subject_id = p.placement_id AND f.cycle = p.start_on AND f.step = d.step
                     AND f.cycle BETWEEN $2::date - 400 AND $2::date)
            ELSE (SELECT true FROM check_in_taken($1::int, p.placement_id, p.start_on) f WHERE f.step = d.step)
            END IS NULL
UNION ALL
-- A round that had begun when its start moved.
SELECT p.placement_id, 'placement:' || p.ext_id, m.start_on, 'moved', -1, p.therapist_id, 'therapist:' || t.ext_id,
       'the start moved to ' || coalesce(p.start_on::text, 'an open day')
  FROM moved m JOIN placement p ON p.agency_id = $1::int AND p.placement_id = m.placement_id
  JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = p.therapist_id
 WHERE m.start_on IS DISTINCT FROM p.start_on
