-- fetch.sql: the placements of a window's jobs as they are now (parameters and standard columns in daemon/lib/room.h).
-- Own columns: papers, the open items as a count-down makes tasks of them: [{"id", "title", "ask", ..., "why", "phone"}].
WITH asked AS (SELECT $3::text), mine AS (
    SELECT j.job_id, j.agency_id, j.subject_id, j.cycle, j.step, j.ordinal, j.party_id, j.party, j.tries, j.worker,
           regexp_replace(j.step, '_[0-9]+$', '') AS series, split_part(j.party, ':', 1) AS side,
           CASE WHEN j.step LIKE 'agency_items%' THEN 'agency' ELSE split_part(j.party, ':', 1) END AS holder, p.placement_id, p AS placement
      FROM job j
      LEFT JOIN placement_start s ON j.step LIKE 'moved%' AND s.agency_id = j.agency_id AND s.start_id = j.subject_id
      JOIN placement p ON p.agency_id = j.agency_id AND p.placement_id = coalesce(s.placement_id, j.subject_id)
     WHERE j.job_id = ANY ($1::bigint[]) AND j.state = 'ready'
), known AS (
    SELECT m.*, p.ext_id, p.status, p.end_on, p.offer_signed_on, p.start_on, f.type, f.name AS facility_name,
           f.ext_id AS facility, t.name AS therapist_name, t.phone AS therapist_phone, t.ext_id AS therapist,
           coalesce(CASE m.side WHEN 'facility' THEN f.timezone ELSE t.timezone END, a.timezone) AS zone,
           a.name AS agency_name, a.reply_to, a.postal_address, n.name AS coordinator, n.email AS coordinator_email,
           d.name AS ask_for, d.role AS ask_role, d.phone AS facility_phone, c.*,
           packet_open(p, f.type, $2::date, NULL) AS open, packet_told(p, m.side, CASE WHEN m.step LIKE 'moved%' THEN m.subject_id END) AS told,
           to_char(p.start_on, 'FMDay, FMMonth FMDD, YYYY') AS start_text, p.start_on - $2::date AS days_left
      FROM mine m JOIN placement p USING (agency_id, placement_id)
      JOIN facility f ON f.agency_id = m.agency_id AND f.facility_id = p.facility_id
      JOIN therapist t ON t.agency_id = m.agency_id AND t.therapist_id = p.therapist_id
      JOIN agency a ON a.agency_id = m.agency_id
      LEFT JOIN staff n ON n.agency_id = m.agency_id
       AND n.staff_id = CASE m.side WHEN 'facility' THEN f.account_manager_id ELSE t.recruiter_id END
      LEFT JOIN LATERAL (SELECT k.name, k.role, k.phone FROM contact k
                          WHERE k.agency_id = m.agency_id AND k.facility_id = f.facility_id AND k.role <> 'billing'
                          ORDER BY k.role <> 'clinical_director', k.phone IS NULL, k.ext_id LIMIT 1) d ON true
      CROSS JOIN LATERAL packet_count(p, f.type, $2::date) c
), own AS (
    SELECT k.*, jsonb_path_query_array(k.open, '$[*] ? (@.provider == $side && @.confirms == false)',
                                       jsonb_build_object('side', k.holder)) AS needs,
           jsonb_path_exists(k.open, '$[*] ? (@.provider == $side && @.confirms == true)',
                             jsonb_build_object('side', k.holder)) AS to_confirm,
           jsonb_path_query_array(k.open, '$[*] ? (@.provider != $side && @.required == true && @.confirms == false)',
                                  jsonb_build_object('side', k.holder)) AS of_others,
           CASE WHEN k.series LIKE 'packet%' OR k.series LIKE 'open%'
                THEN packet_documents(k.placement, k.type, k.therapist, $2::date, k.side, k.series LIKE 'packet%') END AS documents
      FROM known k
)
SELECT o.job_id, o.agency_id, o.subject_id, 'placement:' || o.ext_id AS subject, o.party_id, o.party, o.cycle, o.step,
       o.ordinal, o.tries, o.type AS variant, o.zone, o.agency_name AS from_name, o.reply_to,
       subject_held(o.agency_id, ARRAY['placement', 'therapist', 'facility'],
                    ARRAY[o.placement_id, (o.placement).therapist_id, (o.placement).facility_id], $2::date) AS held,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = o.agency_id AND f.worker = o.worker
                  AND f.subject_id = o.subject_id AND f.cycle = o.cycle AND f.step = o.step) AS fired,
       CASE WHEN o.party_id <> CASE o.side WHEN 'facility' THEN (o.placement).facility_id ELSE (o.placement).therapist_id END
                 THEN 'the placement is another ' || o.side || '''s'
            WHEN o.status IN ('canceled', 'ended') THEN 'the placement was ' || o.status
            WHEN o.end_on < $2::date THEN 'the placement ended on ' || o.end_on
            WHEN o.series ~ '^(packet|open|agency)' AND o.cycle IS DISTINCT FROM o.offer_signed_on
                 THEN 'the offer is dated ' || coalesce(o.offer_signed_on::text, 'no day') || ' now'
            WHEN o.series !~ '^(packet|open|agency)' AND o.cycle IS DISTINCT FROM o.start_on
                 THEN coalesce('the start moved from ' || o.cycle || ' to ' || o.start_on, 'the start has no date now')
            WHEN o.series <> 'start_day' AND o.start_on <= $2::date THEN 'the placement has started'
            WHEN o.series LIKE 'moved%' AND o.told = o.start_on THEN 'the start is again the one that was told'
            WHEN o.series = 'packet_therapist' AND NOT o.therapist_to_send THEN 'the packet was sent before'
            WHEN o.series = 'packet_facility' AND NOT o.facility_to_send THEN 'the packet was sent before'
            WHEN o.series = 'open_therapist' AND o.therapist_open = 0 THEN 'nothing is open with the therapist'
            WHEN o.series = 'open_facility' AND o.facility_open = 0 THEN 'nothing is open with the facility'
            WHEN o.series = 'agency_items' AND o.agency_open = 0 THEN 'nothing is open with us'
            WHEN o.series = 'items' AND o.open = '[]' THEN 'everything is in'
            WHEN o.series = 'start_day' AND o.required_open = 0 THEN 'everything required is in'
            -- lead_days is NULL when nothing required is open.
            WHEN o.series = 'at_risk' AND coalesce(o.lead_days + ($4::jsonb ->> 'margin_days')::int < o.days_left, true)
                 THEN 'the start is not at risk'
       END AS gone,
       CASE o.series
            WHEN 'agency_items' THEN o.agency_open || CASE o.agency_open WHEN 1 THEN ' item of ours is' ELSE ' items of ours are' END
                 || ' open for ' || o.therapist_name || ' at '
                 || o.facility_name || CASE WHEN o.start_on IS NULL THEN '' ELSE ', who starts on ' || long_date(o.start_on) END
            WHEN 'at_risk' THEN (SELECT string_agg(r ->> 'title' || ' (' || (r ->> 'takes') || ', with ' || (r ->> 'with') || ')',
                        ', ') FROM jsonb_path_query(e.endangering, '$[0 to 2]') r)
                 || CASE WHEN jsonb_array_length(e.endangering) > 3 THEN ' and ' || jsonb_array_length(e.endangering) - 3 || ' more'
                         ELSE '' END || ' open, ' || d.left_text || ' left to the start'
            WHEN 'start_day' THEN 'The start was set for ' || long_date(o.start_on) || ' and ' || o.required_open
                 || CASE o.required_open WHEN 1 THEN ' required item is open' ELSE ' required items are open' END
            ELSE o.step END AS why,
       CASE WHEN o.series = 'at_risk' AND o.lead_days > o.days_left THEN 'urgent' END AS priority,
       CASE o.side WHEN 'facility' THEN o.facility_phone ELSE o.therapist_phone END AS phone,
       jsonb_build_object('agency', jsonb_build_object('name', o.agency_name, 'reply_to', coalesce(o.reply_to, ''),
               'postal_address', coalesce(o.postal_address, '')),
           'coordinator', jsonb_build_object('name', coalesce(o.coordinator, ''), 'email', coalesce(o.coordinator_email, '')),
           'has_coordinator', o.coordinator IS NOT NULL,
           'therapist', jsonb_build_object('name', o.therapist_name, 'phone', coalesce(o.therapist_phone, 'no number on record')),
           'facility', jsonb_build_object('name', o.facility_name, 'phone', coalesce(o.facility_phone, 'no number on record'),
               'ask_for', coalesce(o.ask_for, 'no contact on record')),
           'start', coalesce(o.start_text, 'a day to be agreed'), 'days_left', coalesce(o.days_left, 0),
           'left', coalesce(d.left_text, ''),
           'papers', CASE o.series WHEN 'agency_items' THEN o.needs WHEN 'at_risk' THEN e.endangering ELSE o.open END,
           'history', CASE WHEN o.series ~ '^(agency|items|at_risk|start)' THEN coalesce(packet_history(o.placement,
               'placement:' || o.ext_id, ARRAY['therapist:' || o.therapist, 'facility:' || o.facility]),
               'nothing on record yet') END) AS common,
       jsonb_build_object('packet', o.series LIKE 'packet%', 'chase', o.series LIKE 'open%', 'moved', o.series LIKE 'moved%',
           'last', o.series LIKE 'final%', 'therapist_name', o.therapist_name, 'facility_name', o.facility_name,
           'start', coalesce(o.start_text, ''), 'has_start', o.start_on IS NOT NULL,
           'old_start', coalesce(to_char(o.told, 'FMMonth FMDD, YYYY'), ''),
           'to_confirm', o.to_confirm AND o.start_on IS NOT NULL, 'needs', o.needs, 'has_needs', o.needs <> '[]',
           'one_need', jsonb_array_length(o.needs) = 1, 'many_needs', jsonb_array_length(o.needs) > 1,
           'of_others', o.of_others, 'has_of_others', o.of_others <> '[]', 'cleared', o.required_open = 0,
           'ask_for', coalesce(o.ask_for, ''), 'has_ask_for', o.ask_for IS NOT NULL,
           'ask_role', CASE o.ask_role WHEN 'hr' THEN 'HR' ELSE replace(coalesce(o.ask_role, ''), '_', ' ') END,
           'ask_phone', coalesce(o.facility_phone, ''), 'has_ask_phone', o.facility_phone IS NOT NULL,
           'therapist_phone', coalesce(o.therapist_phone, ''), 'has_therapist_phone', o.therapist_phone IS NOT NULL,
           'documents', coalesce(o.documents, '[]'), 'has_documents', o.documents IS NOT NULL,
           'telehealth', o.type = 'telehealth') AS item,
       o.documents,
       CASE WHEN o.series = 'items' THEN (SELECT jsonb_agg(r || jsonb_build_object(
                'holder', CASE r ->> 'provider' WHEN 'agency' THEN 'us' WHEN 'facility' THEN o.facility_name ELSE o.therapist_name END,
                'ours', r ->> 'provider' = 'agency',
                'call', CASE r ->> 'provider' WHEN 'facility' THEN coalesce(o.ask_for || ' at ', '') || o.facility_name
                                              ELSE o.therapist_name END,
                'phone', CASE r ->> 'provider' WHEN 'facility' THEN o.facility_phone WHEN 'therapist' THEN o.therapist_phone END,
                'phone_text', coalesce(CASE r ->> 'provider' WHEN 'facility' THEN o.facility_phone ELSE o.therapist_phone END,
                                       'no number on record'),
                'why', (r ->> 'title') || ' is open with ' || (r ->> 'with') || '; it takes ' || (r ->> 'takes') || ', and the start on '
                       || long_date(o.start_on) || ' is ' || d.left_text || ' away'))
            FROM jsonb_array_elements(o.open) r) END AS papers
  FROM own o CROSS JOIN LATERAL (SELECT o.days_left || CASE o.days_left WHEN 1 THEN ' day' ELSE ' days' END AS left_text) d
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_agg(r), '[]') AS endangering FROM jsonb_array_elements(o.open) r
        WHERE (r ->> 'required')::boolean AND (r ->> 'lead')::int + ($4::jsonb ->> 'margin_days')::int >= o.days_left) e
 ORDER BY o.agency_id, o.party, o.ext_id, o.ordinal
