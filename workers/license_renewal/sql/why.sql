-- why.sql: where a license stands, or the licenses of a therapist (parameters and columns in daemon/lib/rooms.h).
WITH asked AS (SELECT $5::jsonb), stand AS (
    SELECT l, r, license_label(l.state, l.type) AS label, license_status(l, $4::date) AS status, c.*, a.*,
           license_falls_with(l, r.state IS NOT NULL, $4::date) AS up_id,
           subject_held(l.agency_id, ARRAY['license', 'therapist'], ARRAY[l.license_id, l.therapist_id],
               $4::date) AS held
      FROM license l LEFT JOIN license_rule r ON r.agency_id = l.agency_id AND r.state = l.state AND r.type = l.type
      CROSS JOIN LATERAL ce_standing(l, r, $4::date) c
      CROSS JOIN LATERAL license_anchor(l, r, c.is_complete, $4::date) a
     WHERE l.agency_id = $1::int AND $2 = 'license' AND l.ext_id = $3
), told AS (
    SELECT s.*, (s.l).expires_on, (s.l).status_on, (s.l).watched_on, u.ext_id AS up_ext_id,
           license_status(u, $4::date) AS up_status,
           CASE WHEN s.status NOT IN ('active', 'lapsed')
                THEN replace(s.status, '_', ' ') || coalesce(' on ' || (s.l).status_on, '')
                WHEN s.up_id IS NOT NULL THEN 'it falls with license:' || u.ext_id
                    || ', whose own notice names it' END AS stopped,
           (s.r).state IS NOT NULL AS has_rule
      FROM stand s LEFT JOIN license u ON u.agency_id = $1::int AND u.license_id = s.up_id
)
SELECT NULL AS track, NULL::date AS anchor, '' AS variant,
       concat_ws(E'\n',
           t.label || ', expires ' || t.expires_on || ', ' || replace(t.status, '_', ' ')
           || coalesce(' on ' || CASE WHEN t.status <> 'active' THEN t.status_on END, ''),
           'in force: ' || CASE WHEN license_in_force(t.l, $4::date) THEN 'yes'
                                WHEN license_is_down(t.l, $4::date) THEN 'no' ELSE 'no, license:' || t.up_ext_id
                                    || ' is not' END,
           CASE WHEN t.needed > 0 THEN 'CE ' || trim_scale(t.hours) || ' of ' || trim_scale(t.needed) || ' hours'
                || coalesce('; ' || (SELECT string_agg((k ->> 'category') || ' ' || (k ->> 'hours') || ' of '
                    || (k ->> 'needed'),
                                            ', ' ORDER BY k ->> 'category')
                                                FROM jsonb_array_elements(t.categories) k), '')
                || ', by ' || t.ce_by END,
           CASE WHEN t.has_rule AND (t.l).first_renewal THEN 'first renewal: ' || (t.r).first_renewal END,
           CASE WHEN t.apply_by < t.expires_on THEN 'to be filed by ' || t.apply_by END,
           CASE WHEN t.opens_on IS NOT NULL THEN 'can be renewed from ' || t.opens_on
                || CASE WHEN t.opens_on > $4::date THEN '; reminders wait until then' ELSE '' END END,
           CASE WHEN (t.r).grace > 0 THEN 'grace ' || (t.r).grace || ' days' END,
           CASE WHEN t.has_rule THEN 'rule ' || (t.r).state || ' ' || (t.r).type || ': ' || (t.r).confidence
               || ', read '
                || (t.r).as_of || ', ' || (t.r).source ELSE 'no rule for ' || (t.l).state || ' ' || (t.l).type END,
           'warning: ' || license_rule_warning(t.r, $4::date),
           coalesce('if it goes, these fall with it:' || E'\n' || (
               SELECT string_agg('  ' || x.kind || ' ' || x.ext_id || ': ' || x.detail, E'\n' ORDER BY x.kind DESC,
                   x.ext_id)
                 FROM license_radius($1::int, (t.l).license_id, $4::date) x), 'nothing falls with it')) AS facts,
       NULL AS gone, NULL AS held
  FROM told t
UNION ALL
SELECT k.track, k.anchor, '', NULL, k.gone, CASE WHEN k.track LIKE 'expired%' THEN NULL ELSE t.held END
  FROM told t CROSS JOIN LATERAL (VALUES
       ('main', t.anchor, t.stopped, t.status IN ('active', 'lapsed')),
       ('ce', t.ce_by, coalesce(t.stopped, CASE WHEN t.is_complete THEN 'CE is complete' END), t.status = 'active'
           AND t.needed > 0),
       ('expired', t.expires_on, t.stopped, t.status IN ('active', 'lapsed')),
       ('watch', t.watched_on, NULL, t.status = 'renewal_submitted'),
       ('watch_expiry', t.expires_on, NULL, t.status = 'renewal_submitted'),
       ('renewed', t.watched_on, NULL, t.status = 'renewed'),
       ('main', NULL, t.stopped, t.status IN ('renewal_submitted', 'renewed', 'surrendered')))
       k (track, anchor, gone, holds)
 WHERE k.holds
UNION ALL
SELECT NULL, NULL, '', string_agg('license ' || l.ext_id || ': ' || license_label(l.state, l.type) || ', expires '
    || l.expires_on
       || ', ' || replace(license_status(l, $4::date), '_', ' ')
       || CASE WHEN license_in_force(l, $4::date) THEN '' ELSE ', not in force' END, E'\n' ORDER BY l.expires_on,
           l.ext_id),
       NULL, NULL
  FROM license l JOIN therapist h ON h.agency_id = l.agency_id AND h.therapist_id = l.therapist_id
 WHERE l.agency_id = $1::int AND $2 = 'therapist' AND h.ext_id = $3
HAVING count(*) > 0
