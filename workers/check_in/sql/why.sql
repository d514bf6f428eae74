-- why.sql: where a placement stands with its check-ins (parameters and columns in daemon/lib/rooms.h).
WITH mine AS (
    SELECT p AS placement, p.*, f.type, a.timezone AS zone
      FROM placement p JOIN facility f USING (agency_id, facility_id) JOIN agency a USING (agency_id)
     WHERE p.agency_id = $1::int AND $2 = 'placement' AND p.ext_id = $3
), facts AS (
    SELECT coalesce('began on ' || to_char(m.start_on, 'FMMonth FMDD, YYYY'), 'has no start') || coalesce(E'\n' || (
               SELECT string_agg('the start moved from ' || to_char(o.start_on, 'FMMonth FMDD, YYYY')
                          || ': the check-ins moved with it' || coalesce(', withdrawn: ' || (
                              SELECT string_agg(f.step || ' of ' || to_char(f.at AT TIME ZONE m.zone,
                                                'FMMonth FMDD, YYYY'), ', ' ORDER BY f.ordinal)
                                FROM fired f WHERE f.agency_id = m.agency_id AND f.worker = 'check_in'
                                 AND f.subject_id = m.placement_id AND f.cycle = o.start_on AND f.ordinal >= 0), ''),
                          E'\n' ORDER BY o.start_id)
                 FROM placement_start o WHERE o.agency_id = m.agency_id AND o.placement_id = m.placement_id
                  AND o.start_on IS DISTINCT FROM m.start_on), '') AS facts
      FROM mine m
), track AS (
    SELECT asked, stage, asked || '_' || stage AS track FROM unnest(ARRAY['therapist', 'facility']) AS asked,
                                                             unnest(ARRAY[30, 60]) AS stage
)
SELECT NULL AS track, NULL::date AS anchor, NULL AS variant, facts, NULL AS gone, NULL AS held FROM facts
UNION ALL
SELECT t.track, m.start_on, m.type, NULL,
       coalesce('the ' || t.asked || ' answered on ' || to_char(a.received_on, 'FMMonth FMDD, YYYY')
                    || coalesce(', ' || a.score || ' of 10', ''),
                check_in_gone(m.placement, t.stage, $5::jsonb, greatest($4::date, m.start_on))),
       subject_held(m.agency_id, ARRAY['placement', t.asked],
                    ARRAY[m.placement_id, CASE t.asked WHEN 'facility' THEN m.facility_id ELSE m.therapist_id END],
                    $4::date)
  FROM mine m CROSS JOIN track t
  LEFT JOIN LATERAL check_in_answer(m.placement, t.asked, t.stage, $5::jsonb, $4::date) a ON true
 ORDER BY 1 NULLS FIRST
