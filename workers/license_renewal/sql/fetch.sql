-- fetch.sql: the licenses of a window's jobs as they are now, and rules to be read again (parameters and standard
-- columns in daemon/lib/room.h and room_steps.c). Own columns: status, status_said, falls_with (why its parent's notice
-- speaks for it), ce_short, anchor (the date that the main ladder counts to), ce_date.
WITH asked AS (SELECT $3::bigint, $4::jsonb), mine AS (
    SELECT * FROM job j WHERE j.job_id = ANY ($1::bigint[]) AND j.state = 'ready'
), stand AS MATERIALIZED (
    SELECT m.job_id, m.cycle, l, l.license_id, r, license_label(l.state, l.type) AS label,
           license_status(l, $2::date) AS status, c.*, a.anchor, a.what, a.opens_on, a.ce_by, a.apply_by,
           CASE WHEN license_status(l, $2::date) = 'lapsed' THEN least(l.expires_on, l.status_on)
                WHEN up.status = 'surrendered' THEN least(l.expires_on, up.status_on) ELSE l.expires_on END AS ended_on,
           up.license_id AS up_id, license_label(up.state, up.type) AS up_label, up.ext_id AS up_ext_id,
           license_status(up, $2::date) AS up_status, up.status_on AS up_status_on
      FROM mine m JOIN license l ON l.agency_id = m.agency_id AND l.license_id = m.subject_id AND m.subject_id > 0
      LEFT JOIN license_rule r ON r.agency_id = l.agency_id AND r.state = l.state AND r.type = l.type
      CROSS JOIN LATERAL ce_standing(l, r, $2::date) c
      CROSS JOIN LATERAL license_anchor(l, r, c.is_complete, $2::date) a
      LEFT JOIN license up ON up.agency_id = l.agency_id AND l.depends_on_id IS NOT NULL
       AND up.license_id = license_falls_with(l, r.state IS NOT NULL, $2::date)
), radius AS MATERIALIZED (
    SELECT s.job_id, count(*) FILTER (WHERE x.kind = 'placement') AS placements,
           count(*) FILTER (WHERE x.kind = 'panel') AS panels,
               count(*) FILTER (WHERE x.kind = 'privilege') AS privileges,
           string_agg(x.kind || ' ' || x.ext_id || ': ' || x.detail, E'\n' ORDER BY x.kind DESC, x.ext_id) AS lines
      FROM stand s CROSS JOIN LATERAL license_radius((s.l).agency_id, s.license_id, $2::date) x GROUP BY s.job_id
), words AS (
    SELECT s.*, x.placements, x.panels, x.privileges, x.lines,
           s.needed > 0 AS has_ce, s.ended_on <= $2::date AS is_over, s.ended_on - $2::date AS days_left,
           (SELECT string_agg((k ->> 'category') || ' ' || (k ->> 'hours') || ' of ' || (k ->> 'needed'),
               ', ' ORDER BY n)
              FROM jsonb_array_elements(s.categories) WITH ORDINALITY c (k, n)) AS by_category,
           (SELECT coalesce(sum((k ->> 'needed')::numeric - (k ->> 'hours')::numeric), 0)
              FROM jsonb_array_elements(s.categories) k WHERE (k ->> 'short')::boolean) AS short_in_categories,
           (SELECT string_agg(trim_scale((k ->> 'needed')::numeric - (k ->> 'hours')::numeric) || ' in '
                              || (k ->> 'category'), ' and ' ORDER BY n)
              FROM jsonb_array_elements(s.categories) WITH ORDINALITY c (k, n)
                  WHERE (k ->> 'short')::boolean) AS short_list,
           (SELECT string_agg(license_label(d.state, d.type), ', ' ORDER BY f.level, d.ext_id)
              FROM license_family((s.l).agency_id, s.license_id) f JOIN license d ON d.agency_id = (s.l).agency_id
               AND d.license_id = f.license_id WHERE f.level > 0 AND NOT license_is_down(d, $2::date)) AS dependents,
           (SELECT string_agg(to_char(h.at, 'YYYY-MM-DD') || ' ' || h.what, E'\n' ORDER BY h.at) FROM (
                SELECT g.claimed_at AS at, 'letter "' || g.subject_line || '", ' || g.state AS what
                  FROM message g WHERE g.agency_id = (s.l).agency_id AND EXISTS (
                       SELECT FROM message_step p WHERE p.agency_id = g.agency_id AND p.message_id = g.message_id
                          AND p.worker = 'license_renewal' AND p.subject_id = s.license_id AND p.cycle = s.cycle)
                   AND g.party = (SELECT 'therapist:' || ext_id FROM therapist t WHERE t.agency_id = (s.l).agency_id
                                     AND t.therapist_id = (s.l).therapist_id)
                UNION ALL
                SELECT k.closed_at, k.title || ': ' || replace(coalesce(k.outcome, k.state), '_', ' ')
                       || coalesce(', ' || k.note, '')
                  FROM task k WHERE k.agency_id = (s.l).agency_id AND k.worker = 'license_renewal' AND k.state = 'done'
                   AND k.party = (SELECT 'therapist:' || ext_id FROM therapist t WHERE t.agency_id = (s.l).agency_id
                                     AND t.therapist_id = (s.l).therapist_id)
                   AND 'license:' || (s.l).ext_id = ANY (k.subjects) AND k.cycle = s.cycle
                 ORDER BY 1 DESC LIMIT 12) h) AS history
      FROM stand s LEFT JOIN radius x USING (job_id)
), told AS (
    SELECT w.*, long.*, stage.*, stage.ce_short AND (w.anchor - $2::date > 95 OR stage.not_open) AS ce_stage,
           CASE WHEN w.has_ce THEN trim_scale(w.hours) || ' of ' || trim_scale(w.needed) || ' hours'
                || coalesce('; ' || w.by_category, '') END AS ce_text,
           CASE WHEN w.has_ce AND NOT w.is_complete THEN
                CASE WHEN greatest(w.needed - w.hours, w.short_in_categories) = w.short_in_categories
                    AND w.short_list IS NOT NULL
                          AND w.short_list NOT LIKE '% and %'
                     THEN replace(w.short_list, ' in ', ' hours in ')
                     ELSE trim_scale(greatest(w.needed - w.hours, w.short_in_categories)) || ' hours'
                          || coalesce(', ' || w.short_list, '') END END AS ce_missing,
           CASE WHEN w.ended_on = $2::date AND w.status <> 'lapsed' AND w.up_id IS NULL THEN 'expires today'
                WHEN w.up_id IS NOT NULL AND w.up_status = 'surrendered' AND w.ended_on = w.up_status_on
                THEN 'fell with the ' || w.up_label || ' on ' || long.ended
                WHEN w.status = 'lapsed' AND w.ended_on < (w.l).expires_on THEN 'lapsed on ' || long.ended
                WHEN w.is_over THEN 'expired on ' || long.ended ELSE 'expires ' || long.ended END AS ended_text,
           CASE w.what WHEN 'ce_by' THEN 'needs its CE by ' WHEN 'apply_by' THEN 'needs its renewal filed by ' ELSE 'expires ' END
           || to_char(w.anchor, 'FMMonth FMDD, YYYY') AS deadline
      FROM words w CROSS JOIN LATERAL (SELECT to_char((w.l).expires_on, 'FMMonth FMDD, YYYY') AS expires,
           to_char(w.ended_on, 'FMMonth FMDD, YYYY') AS ended, to_char(w.ce_by, 'FMMonth FMDD, YYYY') AS ce_by_day,
           to_char(w.apply_by, 'FMMonth FMDD, YYYY') AS apply_by_day,
           to_char(w.opens_on, 'FMMonth FMDD, YYYY') AS opens,
           to_char((w.l).status_on, 'FMMonth FMDD, YYYY') AS status_day) long
     CROSS JOIN LATERAL (SELECT w.has_ce AND NOT w.is_complete AS ce_short,
           coalesce(w.opens_on > $2::date, false) AS not_open,
           w.apply_by < (w.l).expires_on AND w.apply_by >= $2::date AS files_early) stage
)
SELECT m.job_id, m.agency_id, m.subject_id, m.subject, m.party_id, m.party, m.cycle, m.step, m.ordinal, m.tries,
       '' AS variant,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = m.agency_id AND f.worker = m.worker
                  AND f.subject_id = m.subject_id AND f.cycle = m.cycle AND f.step = m.step) AS fired,
       -- A hold silences letters and calls, not the news that somebody works on an expired license.
       CASE WHEN NOT d.is_over THEN subject_held(m.agency_id, ARRAY['license', 'therapist'],
                 ARRAY[m.subject_id, m.party_id], $2::date) END AS held,
       coalesce(t.timezone, a.timezone) AS zone, a.name AS from_name, a.reply_to,
       CASE WHEN (d.l).therapist_id <> m.party_id THEN 'the license is another therapist''s'
            WHEN m.cycle <> (d.l).expires_on THEN 'the license now runs to ' || (d.l).expires_on
            WHEN d.status = 'surrendered' THEN 'surrendered on ' || coalesce((d.l).status_on::text, 'an unknown day')
       END AS gone,
       d.status, replace(d.status, '_', ' ') || coalesce(' on ' || (d.l).status_on, '') AS status_said, d.ce_short,
       d.anchor, d.ce_by AS ce_date,
       CASE WHEN d.up_id IS NOT NULL AND d.up_status <> 'surrendered'
            THEN 'it falls with license:' || d.up_ext_id || ', whose own notice names it' END AS falls_with,
       t.phone, CASE WHEN d.is_over THEN CASE WHEN d.placements > 0 THEN 'urgent' ELSE 'high' END END AS priority,
       d.label || ' of ' || t.name || ' ' || d.ended_text
       || CASE WHEN NOT d.is_over THEN ', in ' || d.days_left || ' day' || CASE d.days_left WHEN 1 THEN '' ELSE 's' END
               ELSE '' END
       || CASE WHEN NOT d.is_over AND d.what <> 'expiry' THEN '; ' || d.deadline ELSE '' END
       || CASE d.status WHEN 'renewal_submitted' THEN '; renewal filed on ' || d.status_day
                        WHEN 'renewed' THEN '; renewed on ' || d.status_day || ', the new date is not on record'
                        ELSE '; no renewal on record' END
       || coalesce('; CE ' || d.ce_text, '')
       || coalesce('. At stake: ' || nullif(concat_ws(', ', plural(d.placements, 'placement'),
                   plural(d.panels, 'payer panel'), plural(d.privileges, 'dependent license')), ''), '')
       || coalesce('. Note: ' || license_rule_warning(d.r, $2::date), '') AS why,
       json_build_object(
           'agency', json_build_object('name', a.name, 'reply_to', coalesce(a.reply_to, ''),
                                       'postal_address', coalesce(a.postal_address, '')),
           'therapist', json_build_object('name', t.name, 'phone', coalesce(t.phone, 'no number on record'),
                                          'email', coalesce(t.email, 'no address on record')),
           'recruiter', json_build_object('name', coalesce(s.name, '')), 'has_recruiter', s.name IS NOT NULL,
           'rule', NULL) AS common,
       json_build_object(
           'license', d.label, 'number', coalesce((d.l).number, 'not on record'), 'expires', d.expires,
           'ended', d.ended_text,
           'is_over', d.is_over, 'deadline', d.deadline,
           'days', CASE WHEN d.days_left = 1 THEN 'tomorrow' WHEN d.days_left > 1 THEN 'in ' || d.days_left || ' days' END,
           'has_ce', d.has_ce, 'ce_text', d.ce_text, 'ce_short', d.ce_short, 'ce_done', d.has_ce AND d.is_complete,
           'ce_missing', d.ce_missing,
           'ce_by', CASE WHEN d.ce_by < $2::date THEN 'now' ELSE 'by ' || d.ce_by_day END,
           'ce_stage', d.ce_stage, 'not_open', d.not_open, 'opens', d.opens,
           'say_file', d.files_early AND NOT d.not_open,
           'say_renew', NOT d.files_early AND NOT d.not_open AND NOT d.ce_stage, 'apply_by', d.apply_by_day,
           'apply_by_passed', d.apply_by < (d.l).expires_on AND d.apply_by < $2::date,
           'has_dependents', d.dependents IS NOT NULL, 'dependents', d.dependents,
           'on_placement', coalesce(d.placements, 0) > 0, 'falls', coalesce(d.lines, 'no live placement, panel or other license'),
           'placements', coalesce(d.placements, 0),
           'has_grace', coalesce((d.r).grace, 0) > 0, 'grace', coalesce((d.r).grace, 0),
           'has_rule', (d.r).state IS NOT NULL,
           'no_grace', coalesce((d.r).grace = 0, false),
           'submitted', d.status = 'renewal_submitted', 'status_day', d.status_day,
           'history', coalesce(d.history, 'nothing on record yet'),
           'has_warning', license_rule_warning(d.r, $2::date) IS NOT NULL,
           'warning', license_rule_warning(d.r, $2::date)
       ) AS item,
       NULL AS documents
  FROM mine m JOIN told d USING (job_id)
  JOIN therapist t ON t.agency_id = m.agency_id AND t.therapist_id = m.party_id
  JOIN agency a ON a.agency_id = m.agency_id
  LEFT JOIN staff s ON s.agency_id = m.agency_id AND s.staff_id = t.recruiter_id
UNION ALL
SELECT m.job_id, m.agency_id, m.subject_id, m.subject, m.party_id, m.party, m.cycle, m.step, m.ordinal, m.tries, '',
       EXISTS (SELECT FROM fired f WHERE f.agency_id = m.agency_id AND f.worker = m.worker
                  AND f.subject_id = m.subject_id AND f.cycle = m.cycle AND f.step = m.step),
       NULL, a.timezone, a.name, a.reply_to,
       CASE WHEN r.state IS NULL THEN 'the pack no longer has this rule'
            WHEN r.as_of <> m.cycle THEN 'it was read again on ' || r.as_of
            WHEN license_rule_warning(r, $2::date) IS NULL THEN 'the rule is sure again' END,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       'A step of today rests on it: ' || license_rule_warning(r, $2::date),
       json_build_object(
           'agency', json_build_object('name', a.name, 'reply_to', coalesce(a.reply_to, ''),
                                       'postal_address', coalesce(a.postal_address, '')),
           'therapist', NULL, 'recruiter', NULL, 'has_recruiter', false,
           'rule', json_build_object('name', split_part(m.subject, ':', 2), 'source', r.source, 'as_of', r.as_of,
               'uncertain', r.confidence = 'uncertain',
               'says', 'every ' || CASE WHEN r.cycle_months = 12 THEN 'year' WHEN r.cycle_months % 12 = 0
                                              THEN r.cycle_months / 12 || ' years' ELSE r.cycle_months || ' months' END
               || coalesce(' (' || r.expiry || ')', '') || ', '
               || trim_scale(r.ce_hours) || ' hours of CE'
               || coalesce(' (' || (SELECT string_agg(replace(k.category, '_', ' ') || ' ' || trim_scale(k.hours), ', '
                                                      ORDER BY k.category)
                                      FROM license_rule_category k WHERE k.agency_id = r.agency_id AND k.state = r.state
                                       AND k.type = r.type) || ')', ''))),
       NULL, NULL
  FROM mine m JOIN agency a ON a.agency_id = m.agency_id
  LEFT JOIN license_rule r ON r.agency_id = m.agency_id AND r.state || ' ' || r.type = split_part(m.subject, ':', 2)
 WHERE m.subject_id < 0
 ORDER BY 2, 6, 4, 9
