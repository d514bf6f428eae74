-- due.sql: the placements whose packet stands on a rung that has not fired (parameters in daemon/lib/rooms.h).
-- Only placements before their start are looked at (placement_by_start). A step belongs to the track of its name; tracks that
-- count from the offer are packet_*, open_* and agency_items, the others count to the start.
WITH rung AS MATERIALIZED (
    SELECT variant, track, step, ordinal, max(latest) AS latest, min(oldest) AS oldest,
           track LIKE 'packet%' OR track LIKE 'open%' OR track = 'agency_items' AS from_offer
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
     GROUP BY 1, 2, 3, 4
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
       AND subject_held($1::int, ARRAY['placement', 'therapist', 'facility'],
                        ARRAY[p.placement_id, p.therapist_id, p.facility_id], $2::date) IS NULL
), reached AS MATERIALIZED ( -- the rungs that an anchor has reached, the newest of each track first
    SELECT a.*, r.track, r.step, r.ordinal,
           row_number() OVER (PARTITION BY a.variant, a.from_offer, a.anchor, r.track ORDER BY r.ordinal DESC) AS place
      FROM (SELECT variant, true AS from_offer, offer_signed_on AS anchor FROM onboarding
            UNION SELECT variant, false, start_on FROM onboarding) a
      JOIN rung r ON r.variant = a.variant AND r.from_offer = a.from_offer AND a.anchor <= r.latest
       AND (r.oldest IS NULL OR a.anchor >= r.oldest)
), stands AS (
    SELECT DISTINCT ON (o.placement_id, e.track) o.*, e.anchor, e.track, e.step, e.ordinal
      FROM onboarding o JOIN reached e ON e.variant = o.variant
       AND e.anchor = CASE WHEN e.from_offer THEN o.offer_signed_on ELSE o.start_on END
       AND (e.place = 1 OR $8 = 'one_step') AND e.track NOT LIKE 'moved%'
     WHERE (o.start_on > $2::date OR o.start_on IS NULL OR e.track = 'start_day')
       AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'onboarding_packet'
                          AND f.subject_id = o.placement_id AND f.cycle = e.anchor
                          AND f.ordinal / 1000000 = e.ordinal / 1000000 AND f.ordinal >= e.ordinal)
     ORDER BY o.placement_id, e.track, CASE WHEN $8 = 'one_step' THEN e.ordinal ELSE -e.ordinal END
), known AS ( -- what is on record about its packet
    SELECT s.*, c.*, split_part(s.track, '_', 2) AS side,
           EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'onboarding_packet'
                      AND f.subject_id = s.placement_id AND f.cycle = s.offer_signed_on
                      AND f.step IN ('packet_therapist', 'packet_facility'))
           OR EXISTS (SELECT FROM packet_item i WHERE i.agency_id = $1::int AND i.placement_id = s.placement_id) AS begun
      FROM stands s CROSS JOIN LATERAL packet_count(s.p, s.type, $2::date) c
), wanted AS (
    SELECT k.*, CASE WHEN side = 'facility' THEN 'facility' ELSE 'therapist' END AS party_kind
      FROM known k
     WHERE CASE
           WHEN track LIKE 'packet%' THEN
                CASE side WHEN 'therapist' THEN therapist_to_send ELSE facility_to_send END
                -- One packet for a placement, whatever becomes of the offer's date.
                AND NOT EXISTS (SELECT FROM packet_letter m WHERE m.agency_id = $1::int
                                   AND m.subject_id = k.placement_id AND m.step = k.track)
           WHEN track LIKE 'open%' THEN
                CASE side WHEN 'therapist' THEN therapist_open ELSE facility_open END > 0
                AND (CASE side WHEN 'therapist' THEN therapist_by_hand ELSE facility_by_hand END
                     OR EXISTS (SELECT FROM packet_letter m WHERE m.agency_id = $1::int
                                   AND m.subject_id = k.placement_id AND m.step = 'packet_' || k.side)
                     OR EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'onboarding_packet'
                                   AND f.subject_id = k.placement_id AND f.cycle = k.offer_signed_on
                                   AND f.step = 'packet_' || k.side AND f.outcome = 'never'))
                -- Not on two days running: who has several starts reads of all that is open in one letter.
                AND NOT EXISTS (SELECT FROM message m WHERE m.agency_id = $1::int AND m.worker = 'onboarding_packet'
                                   AND m.party = CASE k.side WHEN 'facility' THEN 'facility:' || k.facility
                                                             ELSE 'therapist:' || k.therapist END
                                   AND m.claimed_at >= $2::date - 2 AND m.state <> 'failed'
                                   AND (m.claimed_at AT TIME ZONE k.zone)::date BETWEEN $2::date - 1 AND $2::date)
           WHEN track = 'agency_items' THEN
                -- While the count-down runs, each of them has a task of its own.
                agency_open > 0 AND NOT packet_counts_down(p, $2::date) AND NOT EXISTS (SELECT FROM task t WHERE t.agency_id = $1::int
                    AND t.matter = 'agency_items placement:' || k.ext_id AND t.state IN ('open', 'taken', 'snoozed'))
           WHEN track = 'items' THEN begun AND therapist_open + facility_open + agency_open > 0
           WHEN track = 'start_day' THEN begun AND required_open > 0 AND start_on > $2::date - 7
           WHEN track = 'at_risk' THEN
                lead_days + ($12::jsonb ->> 'margin_days')::int >= start_on - $2::date
                AND NOT EXISTS (SELECT FROM task t WHERE t.agency_id = $1::int
                    AND t.matter = 'at_risk placement:' || k.ext_id AND t.state IN ('open', 'taken', 'snoozed'))
           ELSE true END
), moved AS ( -- a start that was told and is another now, each move a round of its own
    SELECT DISTINCT ON (o.placement_id, e.track) o.*, e.track, e.step, e.ordinal, s.start_id, n.told,
           split_part(e.track, '_', 2) AS party_kind
      FROM onboarding o JOIN reached e ON e.variant = o.variant AND e.anchor = o.start_on AND e.track LIKE 'moved%'
      JOIN LATERAL (SELECT max(start_id) AS start_id FROM placement_start s
                     WHERE s.agency_id = $1::int AND s.placement_id = o.placement_id) s ON s.start_id IS NOT NULL,
           LATERAL (SELECT packet_told(o.p, split_part(e.track, '_', 2), NULL) AS told) n
     WHERE o.start_on > $2::date AND n.told <> o.start_on
       AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'onboarding_packet'
                          AND f.subject_id = s.start_id AND f.cycle = o.start_on AND f.step = e.step)
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
