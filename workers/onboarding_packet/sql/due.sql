-- due.sql: the placements whose packet stands on a rung that has not fired (parameters in daemon/lib/rooms.h).
-- Only placements before their start are looked at (placement_by_start). A step belongs to the track of its name; tracks that
-- count from the offer are packet_*, open_* and agency_items, the others count to the start.
WITH rung AS MATERIALIZED (
    SELECT variant, track, step, ordinal, max(latest) AS latest, min(oldest) AS oldest,
           track LIKE 'packet%' OR track LIKE 'open%' OR track = 'agency_items' AS from_offer
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
     GROUP BY 1, 2, 3, 4
), held AS MATERIALIZED (
    SELECT about, subject_id FROM hold WHERE agency_id = $1::int AND from_on <= $2::date
       AND (until_on IS NULL OR until_on >= $2::date) AND (released_on IS NULL OR released_on > $2::date)
), onboarding AS MATERIALIZED (
    SELECT p, p.placement_id, p.ext_id, p.offer_signed_on, p.start_on, f.facility_id, f.type, f.ext_id AS facility,
           t.therapist_id, t.ext_id AS therapist, a.timezone AS zone,
           CASE WHEN f.type IN (SELECT variant FROM rung) THEN f.type ELSE '' END AS variant
      FROM placement p JOIN facility f USING (agency_id, facility_id) JOIN therapist t USING (agency_id, therapist_id)
      JOIN agency a USING (agency_id)
     WHERE p.agency_id = $1::int AND p.status IN ('offer', 'active')
       AND (p.end_on IS NULL OR p.end_on >= $2::date) AND (p.offer_signed_on IS NULL OR p.offer_signed_on <= $2::date)
       -- From a week before today: a start with open items is told of also after a weekend, a holiday or an outage.
       AND (p.start_on >= $2::date - 7 OR (p.start_on IS NULL
            AND p.offer_signed_on >= (SELECT min(oldest) FROM rung WHERE from_offer)))
       AND NOT (p.placement_id IN (SELECT subject_id FROM held WHERE about = 'placement')
                OR p.therapist_id IN (SELECT subject_id FROM held WHERE about = 'therapist')
                OR p.facility_id IN (SELECT subject_id FROM held WHERE about = 'facility'))
), round AS MATERIALIZED ( -- a placement's two rounds, each with what its ledger says: read once for all tracks
    SELECT o.placement_id, o.variant, o.start_on, d.from_offer, d.anchor, f.*
      FROM onboarding o,
           LATERAL (VALUES (true, o.offer_signed_on), (false, o.start_on)) AS d (from_offer, anchor),
           LATERAL (SELECT array_agg(f.ordinal) AS ordinals,
                           array_agg(f.step) FILTER (WHERE f.outcome = 'never') AS never,
                           bool_or(f.step IN ('packet_therapist', 'packet_facility')) AS packet_fired,
                           bool_or(starts_with(f.step, 'items_')) AS items_fired
                      FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'onboarding_packet'
                       AND f.subject_id = o.placement_id AND f.cycle = d.anchor) f
     WHERE d.anchor IS NOT NULL
), reached AS MATERIALIZED ( -- the rungs that an anchor has reached, the newest of each track first
    SELECT a.*, r.track, r.step, r.ordinal,
           row_number() OVER (PARTITION BY a.variant, a.from_offer, a.anchor, r.track ORDER BY r.ordinal DESC) AS place
      FROM (SELECT DISTINCT variant, from_offer, anchor FROM round) a
      JOIN rung r ON r.variant = a.variant AND r.from_offer = a.from_offer AND a.anchor <= r.latest
       AND (r.oldest IS NULL OR a.anchor >= r.oldest)
), stands AS MATERIALIZED (
    SELECT DISTINCT ON (d.placement_id, e.track) d.placement_id, d.anchor, e.track, e.step, e.ordinal
      FROM round d JOIN reached e USING (variant, from_offer, anchor)
     WHERE (e.place = 1 OR $8 = 'one_step') AND e.track NOT LIKE 'moved%'
       AND (d.start_on > $2::date OR d.start_on IS NULL OR e.track = 'start_day')
       AND NOT EXISTS (SELECT FROM unnest(d.ordinals) AS f (ordinal)
                        WHERE f.ordinal / 1000000 = e.ordinal / 1000000 AND f.ordinal >= e.ordinal)
     ORDER BY d.placement_id, e.track, CASE WHEN $8 = 'one_step' THEN e.ordinal ELSE -e.ordinal END
), counted AS MATERIALIZED ( -- packet_count, for all of them at once
    SELECT o.placement_id, count(*) FILTER (WHERE is_open AND provider = 'therapist') AS therapist_open,
           count(*) FILTER (WHERE is_open AND provider = 'facility') AS facility_open,
           count(*) FILTER (WHERE is_open AND provider = 'agency') AS agency_open,
           count(*) FILTER (WHERE is_open AND required) AS required_open,
           max(s.lead_days) FILTER (WHERE is_open AND required) AS lead_days,
           CASE WHEN bool_or(reader = 'therapist') THEN bool_or(reader = 'therapist' AND status = 'open')
                ELSE bool_or(provider = 'therapist' AND status = 'open') END AS therapist_to_send,
           CASE WHEN bool_or(reader = 'facility') THEN bool_or(reader = 'facility' AND status = 'open')
                ELSE bool_or(provider = 'facility' AND status = 'open') END AS facility_to_send,
           bool_and(status <> 'open') FILTER (WHERE reader = 'therapist') AS therapist_by_hand,
           bool_and(status <> 'open') FILTER (WHERE reader = 'facility') AS facility_by_hand
      FROM onboarding o LEFT JOIN LATERAL packet_standing(o.p, o.type, $2::date) s ON true
     WHERE o.placement_id IN (SELECT placement_id FROM stands)
     GROUP BY o.placement_id
), known AS ( -- what is on record about its packet
    SELECT o.*, s.anchor, s.track, s.step, s.ordinal, c.therapist_open, c.facility_open, c.agency_open, c.required_open,
           c.lead_days, c.therapist_to_send, c.facility_to_send, c.therapist_by_hand, c.facility_by_hand,
           split_part(s.track, '_', 2) AS side, d.never,
           o.start_on > $2::date AND n.items_fired IS TRUE AS counts_down, -- packet_counts_down
           d.packet_fired IS TRUE OR EXISTS (SELECT FROM packet_item i WHERE i.agency_id = $1::int
                                        AND i.placement_id = s.placement_id OFFSET 0) AS begun
      FROM stands s JOIN onboarding o USING (placement_id) JOIN counted c USING (placement_id)
      LEFT JOIN round d ON d.placement_id = s.placement_id AND d.from_offer
      LEFT JOIN round n ON n.placement_id = s.placement_id AND NOT n.from_offer
), wanted AS (
    SELECT k.*, CASE WHEN side = 'facility' THEN 'facility' ELSE 'therapist' END AS party_kind
      FROM known k
     WHERE CASE
           WHEN track LIKE 'packet%' THEN
                CASE side WHEN 'therapist' THEN therapist_to_send ELSE facility_to_send END
                -- One packet for a placement, whatever becomes of the offer's date.
                AND NOT EXISTS (SELECT FROM packet_letter m WHERE m.agency_id = $1::int
                                   AND m.subject_id = k.placement_id AND m.step = k.track OFFSET 0)
           WHEN track LIKE 'open%' THEN
                CASE side WHEN 'therapist' THEN therapist_open ELSE facility_open END > 0
                AND (CASE side WHEN 'therapist' THEN therapist_by_hand ELSE facility_by_hand END
                     OR EXISTS (SELECT FROM packet_letter m WHERE m.agency_id = $1::int
                                   AND m.subject_id = k.placement_id AND m.step = 'packet_' || k.side OFFSET 0)
                     OR 'packet_' || k.side = ANY (k.never))
                -- Not on two days running: who has several starts reads of all that is open in one letter.
                AND NOT EXISTS (SELECT FROM message m WHERE m.agency_id = $1::int AND m.worker = 'onboarding_packet'
                                   AND m.party = CASE k.side WHEN 'facility' THEN 'facility:' || k.facility
                                                             ELSE 'therapist:' || k.therapist END
                                   AND m.claimed_at >= $2::date - 2 AND m.state <> 'failed'
                                   AND (m.claimed_at AT TIME ZONE k.zone)::date BETWEEN $2::date - 1 AND $2::date)
           WHEN track = 'agency_items' THEN
                -- While the count-down runs, each of them has a task of its own.
                agency_open > 0 AND NOT counts_down AND NOT EXISTS (SELECT FROM task t WHERE t.agency_id = $1::int
                    AND t.matter = 'agency_items placement:' || k.ext_id AND t.state IN ('open', 'taken', 'snoozed'))
           WHEN track = 'items' THEN begun AND therapist_open + facility_open + agency_open > 0
           WHEN track = 'start_day' THEN begun AND required_open > 0 AND start_on > $2::date - 7
           WHEN track = 'at_risk' THEN
                lead_days + ($12::jsonb ->> 'margin_days')::int >= start_on - $2::date
                AND NOT EXISTS (SELECT FROM task t WHERE t.agency_id = $1::int
                    AND t.matter = 'at_risk placement:' || k.ext_id AND t.state IN ('open', 'taken', 'snoozed'))
           ELSE true END
), moved AS ( -- a start that was told and is another now, each move a round of its own
    SELECT DISTINCT ON (o.placement_id, e.track) o.*, e.track, e.step, e.ordinal, n.told,
           split_part(e.track, '_', 2) AS party_kind
      FROM (SELECT o.*, (SELECT max(start_id) FROM placement_start s
                          WHERE s.agency_id = $1::int AND s.placement_id = o.placement_id) AS start_id
              FROM onboarding o WHERE o.start_on > $2::date OFFSET 0) o
      JOIN reached e ON e.variant = o.variant AND e.anchor = o.start_on AND e.track LIKE 'moved%',
           LATERAL (SELECT packet_told(o.p, split_part(e.track, '_', 2), NULL) AS told) n
     WHERE o.start_id IS NOT NULL AND n.told <> o.start_on
       AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'onboarding_packet'
                          AND f.subject_id = o.start_id AND f.cycle = o.start_on AND f.step = e.step OFFSET 0)
     ORDER BY o.placement_id, e.track, e.ordinal DESC
)
SELECT placement_id AS subject_id, 'placement:' || ext_id AS subject, anchor AS cycle, step, ordinal,
       CASE party_kind WHEN 'facility' THEN facility_id ELSE therapist_id END AS party_id,
       party_kind || ':' || CASE party_kind WHEN 'facility' THEN facility ELSE therapist END AS party,
       CASE WHEN track = 'at_risk' THEN 'the longest open item takes ' || lead_days || ' days, ' || start_on - $2::date || ' are left'
            ELSE therapist_open + facility_open + agency_open || ' items open, '
                 || CASE WHEN start_on IS NULL THEN 'no start yet' ELSE 'start ' || start_on END END AS why
  FROM wanted
UNION ALL
SELECT start_id, 'placement:' || ext_id, start_on, step, ordinal,
       CASE party_kind WHEN 'facility' THEN facility_id ELSE therapist_id END,
       party_kind || ':' || CASE party_kind WHEN 'facility' THEN facility ELSE therapist END,
       'the start moved from ' || told || ' to ' || start_on
  FROM moved
