-- why.sql: where a placement's packet stands (parameters and columns in daemon/lib/rooms.h): the ladders that count from the
-- offer and to the start, with each item, who holds it, since when, and whether the start is in reach.
WITH mine AS (
    SELECT p, p.ext_id, p.status, p.offer_signed_on, p.start_on, p.end_on, f.type, f.name AS facility, t.name AS therapist,
           CASE WHEN p.status IN ('canceled', 'ended') THEN 'the placement was ' || p.status
                WHEN p.start_on <= $4::date THEN 'the placement started on ' || p.start_on END AS gone,
           subject_held($1::int, ARRAY['placement', 'therapist', 'facility'],
                        ARRAY[p.placement_id, p.therapist_id, p.facility_id], $4::date) AS held
      FROM placement p JOIN facility f USING (agency_id, facility_id) JOIN therapist t USING (agency_id, therapist_id)
     WHERE p.agency_id = $1::int AND $2 = 'placement' AND p.ext_id = $3
), item AS (
    SELECT s.*, m.p, m.start_on, m.offer_signed_on, (
           SELECT min(z.on_day) FROM packet_letter w JOIN agency a USING (agency_id),
                  LATERAL (SELECT (w.claimed_at AT TIME ZONE a.timezone)::date AS on_day) z
            WHERE w.agency_id = $1::int AND w.subject_id = (m.p).placement_id
              AND w.step = 'packet_' || s.reader AND z.on_day <= $4::date) AS sent_on
      FROM mine m CROSS JOIN LATERAL packet_standing(m.p, m.type, $4::date) s
), line AS (
    SELECT ordinal, format('  %s: %s (%s%s%s%s)', title,
           CASE WHEN status = 'open' AND sent_on IS NOT NULL THEN 'sent' ELSE status END
           || coalesce(' on ' || CASE WHEN status = 'open' THEN sent_on ELSE since END, ''),
           CASE provider WHEN 'agency' THEN 'ours' ELSE 'with the ' || provider END,
           CASE WHEN is_open THEN coalesce(' since ' || offer_signed_on, '') ELSE '' END,
           ', takes ' || lead_days || CASE lead_days WHEN 1 THEN ' day' ELSE ' days' END, CASE WHEN required THEN '' ELSE ', may follow later' END) AS text,
           is_open AND required AND lead_days + ($5::jsonb ->> 'margin_days')::int >= start_on - $4::date
           AND start_on > $4::date AS endangers
      FROM item
), summary AS (
    SELECT count(*) AS n, count(*) FILTER (WHERE NOT is_open) AS closed, count(*) FILTER (WHERE is_open AND required) AS required,
           max(lead_days) FILTER (WHERE is_open AND required) AS lead
      FROM item
), told AS (
    SELECT format('packet of %s at %s: %s, %s of %s items in', m.therapist, m.facility,
                  CASE WHEN s.closed = s.n THEN 'Completed' WHEN s.closed > 0 THEN 'In Process' ELSE 'Pending' END,
                  s.closed, s.n)
           || (SELECT coalesce(string_agg(E'\n' || text || CASE WHEN endangers THEN ' <- endangers the start' ELSE '' END, ''
                               ORDER BY ordinal), '') FROM line)
           || E'\nreadiness: ' || CASE
              WHEN m.gone IS NOT NULL AND s.required > 0 AND m.status NOT IN ('canceled', 'ended')
                   THEN 'started with ' || s.required || ' required items open'
              WHEN m.gone IS NOT NULL THEN m.gone
              WHEN s.required = 0 THEN 'ready, nothing required is open'
              WHEN m.start_on IS NULL THEN 'no start yet; the longest open item takes ' || s.lead || ' days'
              WHEN s.lead > m.start_on - $4::date THEN 'late: the longest open item takes ' || s.lead || ' days, '
                   || m.start_on - $4::date || ' are left'
              WHEN s.lead + ($5::jsonb ->> 'margin_days')::int >= m.start_on - $4::date THEN 'at risk: the longest open item takes '
                   || s.lead || ' days, ' || m.start_on - $4::date || ' are left'
              ELSE 'in time: the longest open item takes ' || s.lead || ' days, ' || m.start_on - $4::date || ' are left' END
           || (SELECT coalesce(string_agg(E'\nwas to start on ' || o.start_on, '' ORDER BY o.start_id), '')
                 FROM placement_start o WHERE o.agency_id = $1::int AND o.placement_id = (m.p).placement_id) AS facts
      FROM mine m, summary s
)
SELECT NULL AS track, NULL::date AS anchor, m.type AS variant, t.facts, NULL AS gone, NULL AS held FROM mine m, told t
UNION ALL
SELECT k.track, CASE WHEN k.from_offer THEN m.offer_signed_on ELSE m.start_on END, m.type, NULL,
       coalesce(m.gone, CASE WHEN k.from_offer AND m.offer_signed_on IS NULL THEN 'the offer is not signed'
                             WHEN NOT k.from_offer AND m.start_on IS NULL THEN 'there is no start yet'
                             WHEN k.track <> 'final_therapist' AND s.closed = s.n THEN 'everything is in' END), m.held
  FROM mine m, summary s,
       (VALUES ('open_therapist', true), ('open_facility', true), ('agency_items', true), ('items', false),
               ('final_therapist', false)) AS k (track, from_offer)
