-- due.sql: the licenses that stand on a rung which has not fired (parameters in daemon/lib/rooms.h; tracks in
-- decide.h). Ranges of dates, each by its index, find the licenses in question; which step an anchor has reached is
-- looked up in a staircase of days; the ledger, read once for the days in question, strikes out what has been done; only
-- then CE, parents, placements and holds are asked.
WITH rung AS MATERIALIZED (
    SELECT track, step, ordinal, max(latest) AS latest, min(coalesce(oldest, $2::date - 3650)) AS oldest
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
     WHERE variant = '' GROUP BY track, step, ordinal
), stair AS MATERIALIZED (
    SELECT DISTINCT ON (r.track, anchor, CASE WHEN $8 = 'one_step' THEN r.ordinal END)
           r.track, r.oldest + n AS anchor, r.step, r.ordinal
      FROM rung r, generate_series(0, r.latest - r.oldest) n WHERE r.track <> 'rules'
     ORDER BY r.track, anchor, CASE WHEN $8 = 'one_step' THEN r.ordinal END, r.ordinal DESC
), reach AS MATERIALIZED (
    SELECT coalesce(min(oldest) FILTER (WHERE track LIKE 'expired%'), $2::date) AS first,
           coalesce(max(latest) FILTER (WHERE track IN ('main', 'ce', 'final')), $2::date)
           + coalesce((SELECT max(greatest(ce_by, apply_by)) FROM license_rule WHERE agency_id = $1::int), 0) AS last,
           -- At most 2,000 years: a slip of the pen in one record must not lead to a day that no calendar has.
           least(coalesce((SELECT max(expires_on - first_date) FROM license WHERE agency_id = $1::int
               AND first_date < expires_on), 0), 730000)
           AS spread, ($12::jsonb ->> 'expired_lookback')::int AS lookback
      FROM rung
), near AS MATERIALIZED (
    -- Day by day, so that Postgres expects many and hashes what they meet; -1 are the days before the first.
    SELECT d.*, CASE WHEN d.apply_by >= $2::date THEN d.apply_by ELSE d.expires_on END AS filing,
           CASE WHEN d.ce_by >= $2::date THEN d.ce_by END AS ce_date,
           d.status = 'active' AND d.expires_on > $2::date AS runs
      FROM (SELECT l.license_id, l.expires_on, l.depends_on_id IS NOT NULL AS depends, r.state IS NOT NULL AS has_rule,
                   l.status,
                   CASE WHEN r.ce_hours > 0 AND NOT (l.first_renewal AND r.first_renewal = 'exempt')
                        THEN coalesce(l.ce_by, l.expires_on - r.ce_by) END AS ce_by,
                   coalesce(l.apply_by, l.expires_on - r.apply_by, l.expires_on) AS apply_by,
                   coalesce(coalesce(l.renewal_opens, l.expires_on - r.opens) <= $2::date, true) AS is_open,
                   CASE l.status WHEN 'lapsed' THEN least(l.expires_on, l.status_on) ELSE l.expires_on END AS ended_on
              FROM reach, generate_series(-1, reach.last - reach.first) n CROSS JOIN LATERAL (
                   SELECT o.license_id, o.state, o.type, o.expires_on, o.depends_on_id, o.first_renewal, o.ce_by,
                          o.apply_by, o.renewal_opens, o.status_on,
                          CASE WHEN o.status = 'active' THEN o.status ELSE license_status(o, $2::date) END AS status
                     FROM license o
                    WHERE o.agency_id = $1::int AND o.first_date BETWEEN
                          reach.first + CASE n WHEN -1 THEN -reach.spread ELSE n END AND reach.first + n OFFSET 0) l
              LEFT JOIN license_rule r ON r.agency_id = $1::int AND r.state = l.state AND r.type = l.type
             WHERE l.expires_on >= reach.first AND l.status NOT IN ('renewal_submitted', 'renewed', 'surrendered')) d
), taken AS MATERIALIZED (
    SELECT f.* FROM reach, license_taken($1::int, reach.first, $2::date + 800) f
), old AS MATERIALIZED (
    -- Expired long ago, and somebody works on it. (A scalar question: the few licenses ask for placements, not all
    -- placements for licenses.)
    SELECT l.license_id, l.expires_on, l.depends_on_id IS NOT NULL AS depends
      FROM license l, reach
     WHERE l.agency_id = $1::int AND l.expires_on BETWEEN $2::date - reach.lookback AND reach.first - 1
       AND l.first_date BETWEEN $2::date - reach.lookback - reach.spread AND reach.first - 1
       AND CASE WHEN l.status = 'active' THEN true ELSE license_status(l, $2::date) IN ('active', 'lapsed') END
       AND (SELECT true FROM placement p WHERE p.agency_id = $1::int AND p.therapist_id = l.therapist_id
               AND placement_is_live(p, $2::date) LIMIT 1)
), climb AS (
    -- ce_short: the row holds only while CE is short (or only once it is complete)
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, 'main' AS track, d.filing AS anchor,
           CASE WHEN d.ce_date < d.filing THEN false END AS ce_short, false AS on_placement
      FROM near d WHERE d.runs AND d.is_open
    UNION ALL
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, 'main', d.ce_date, true, false
      FROM near d WHERE d.runs AND d.ce_date < d.filing
    UNION ALL
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, 'ce', d.ce_date, true, false
      FROM near d WHERE d.runs AND d.ce_date IS NOT NULL
    UNION ALL
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, 'final', d.expires_on, NULL, false
      FROM near d WHERE d.runs AND least(d.ce_by, d.apply_by) < d.expires_on - 7
    UNION ALL
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, t.track, d.ended_on, NULL, false
      FROM near d, (VALUES ('expired'), ('expired_lead')) t (track) WHERE d.ended_on <= $2::date
    UNION ALL
    SELECT o.license_id, o.expires_on, o.depends, true, t.track, reach.first, NULL, true
      FROM reach, (VALUES ('expired'), ('expired_lead')) t (track), old o
    UNION ALL
    -- Ended before its time; or its parent was given up, which no notice of the parent's own tells. (The first day as a
    -- scalar, so that the index begins there.)
    SELECT l.license_id, l.expires_on, false, true, t.track, l.status_on, NULL, false
      FROM (VALUES ('expired'), ('expired_lead')) t (track), license l
     WHERE l.agency_id = $1::int AND l.status = 'lapsed' AND l.first_date > (SELECT last FROM reach)
       AND l.status_on BETWEEN (SELECT first FROM reach) AND $2::date
    UNION ALL
    SELECT l.license_id, l.expires_on, false, true, t.track, p.status_on, NULL, false
      FROM (VALUES ('expired'), ('expired_lead')) t (track), license p,
           LATERAL license_family(p.agency_id, p.license_id) f, license l
     WHERE p.agency_id = $1::int AND p.status = 'surrendered'
       AND p.status_on BETWEEN (SELECT first FROM reach) AND $2::date
       AND f.level > 0 AND l.agency_id = $1::int AND l.license_id = f.license_id AND l.expires_on >= p.status_on
       AND license_status(l, $2::date) NOT IN ('surrendered', 'lapsed')
    UNION ALL
    -- Filed or granted, and the new expiry is not on record.
    SELECT l.license_id, l.expires_on, false, true, t.track,
        CASE WHEN t.by_expiry THEN l.expires_on ELSE l.watched_on END,
           NULL, t.track = 'watch_lead'
      FROM license l JOIN (VALUES ('renewal_submitted', 'watch', false), ('renewal_submitted', 'watch_expiry', true),
                                  ('renewal_submitted', 'watch_lead', true), ('renewed', 'renewed', false)
                          ) t (status, track, by_expiry) ON t.status = l.status
     WHERE l.agency_id = $1::int AND l.watched_on BETWEEN $2::date - 500 AND $2::date
), open AS (
    SELECT DISTINCT ON (c.license_id, c.track, c.ce_short) c.*, s.step, s.ordinal
      FROM climb c JOIN stair s ON s.track = c.track AND s.anchor = c.anchor CROSS JOIN reach
      LEFT JOIN taken t ON t.license_id = c.license_id AND t.cycle = c.expires_on AND t.track = s.ordinal / 1000000
     WHERE CASE WHEN c.expires_on BETWEEN reach.first AND $2::date + 800 THEN coalesce(t.ordinal < s.ordinal, true)
                ELSE NOT license_step_taken($1::int, c.license_id, c.expires_on, s.ordinal) END
     ORDER BY c.license_id, c.track, c.ce_short, c.depends, s.ordinal
), held AS MATERIALIZED (
    SELECT h.about, h.subject_id FROM hold h
     WHERE h.agency_id = $1::int AND h.about IN ('license', 'therapist') AND h.from_on <= $2::date
       AND (h.until_on IS NULL OR h.until_on >= $2::date) AND (h.released_on IS NULL OR h.released_on > $2::date)
), chosen AS MATERIALIZED (
    SELECT o.license_id, l.ext_id, o.expires_on, o.step, o.ordinal, o.track, o.anchor, l.therapist_id,
           r.state AS rule_state, r.type AS rule_type, r.as_of,
           license_rule_warning(r, $2::date) IS NOT NULL AS rule_is_doubtful,
           CASE WHEN r.confidence = 'uncertain' THEN r.as_of ELSE r.as_of + 366 END AS doubtful_from
      FROM open o CROSS JOIN LATERAL (SELECT * FROM license k WHERE k.agency_id = $1::int
               AND k.license_id = o.license_id OFFSET 0) l
      LEFT JOIN license_rule r ON r.agency_id = l.agency_id AND r.state = l.state AND r.type = l.type
     WHERE (o.ce_short IS NULL OR o.ce_short <> (SELECT c.is_complete FROM ce_standing(l, r, $2::date) c))
       AND (NOT o.depends OR license_falls_with(l, o.has_rule, $2::date) IS NULL)
       AND (NOT o.on_placement OR EXISTS (SELECT FROM license_radius(l.agency_id, l.license_id, $2::date) x
                                           WHERE x.kind = 'placement'))
       AND (o.track LIKE 'expired%' OR (o.track LIKE 'watch%' AND o.expires_on <= $2::date)
            OR ('license', l.license_id) NOT IN (SELECT about, subject_id FROM held)
               AND ('therapist', l.therapist_id) NOT IN (SELECT about, subject_id FROM held))
       AND (o.track <> 'final' OR EXISTS (
            SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'license_renewal'
                AND f.subject_id = o.license_id
               AND f.cycle = o.expires_on AND f.at::date < o.expires_on - 17
               AND f.cycle BETWEEN $2::date AND $2::date + 800 -- spares it the other years
               AND f.ordinal BETWEEN (SELECT min(ordinal) FROM (SELECT ordinal FROM rung WHERE track = 'main'
                                                                ORDER BY ordinal DESC LIMIT 2) last_two)
                                 AND (SELECT max(ordinal) FROM rung WHERE track = 'main')))
), doubtful AS (
    SELECT DISTINCT ON (c.rule_state, c.rule_type) license_rule_number(c.rule_state, c.rule_type) AS number,
           c.rule_state || ' ' || c.rule_type AS name, c.as_of, r.step, r.ordinal
      FROM chosen c JOIN rung r ON r.track = 'rules' AND c.doubtful_from <= r.latest
     WHERE c.rule_is_doubtful ORDER BY c.rule_state, c.rule_type, r.ordinal DESC
)
SELECT c.license_id AS subject_id, 'license:' || c.ext_id AS subject, c.expires_on AS cycle, c.step, c.ordinal,
       c.therapist_id AS party_id, 'therapist:' || t.ext_id AS party, c.track || ' of ' || c.anchor AS why
  FROM chosen c JOIN therapist t ON t.agency_id = $1::int AND t.therapist_id = c.therapist_id
UNION ALL
SELECT d.number, 'rule:' || d.name, d.as_of, d.step, d.ordinal, d.number, 'rule:' || d.name, 'read ' || d.as_of
  FROM doubtful d
 WHERE NOT license_step_taken($1::int, d.number, d.as_of, d.ordinal)
