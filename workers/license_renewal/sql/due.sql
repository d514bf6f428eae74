-- due.sql: the licenses that stand on a rung which has not fired (parameters in daemon/lib/rooms.h; tracks in
-- decide.h). Ranges of dates, each by its index, find the few licenses in question; which step an anchor has reached is
-- looked up in a staircase of days; the ledger strikes out what has been done; only then CE, parents, placements and
-- holds are asked.
WITH rung AS MATERIALIZED (
    SELECT track, step, ordinal, max(latest) AS latest, min(coalesce(oldest, $2::date - 3650)) AS oldest
      FROM unnest($3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $11::text[])
           AS r (variant, step, ordinal, latest, oldest, track)
     WHERE variant = '' GROUP BY track, step, ordinal
), stair AS MATERIALIZED (
    SELECT track, anchor, step, ordinal
      FROM (SELECT r.track, r.oldest + n AS anchor, r.step, r.ordinal,
                   row_number() OVER (PARTITION BY r.track, r.oldest + n ORDER BY r.ordinal DESC) AS place
              FROM rung r, generate_series(0, r.latest - r.oldest) n WHERE r.track <> 'rules') s
     WHERE place = 1 OR $8 = 'one_step'
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
    SELECT l.license_id, l.expires_on, l.depends_on_id IS NOT NULL AS depends, r.state IS NOT NULL AS has_rule,
        s.status,
           CASE WHEN r.ce_hours > 0 AND NOT (l.first_renewal AND r.first_renewal = 'exempt')
                THEN coalesce(l.ce_by, l.expires_on - r.ce_by) END AS ce_by,
           coalesce(l.apply_by, l.expires_on - r.apply_by, l.expires_on) AS apply_by,
           coalesce(coalesce(l.renewal_opens, l.expires_on - r.opens) <= $2::date, true) AS is_open,
           CASE s.status WHEN 'lapsed' THEN least(l.expires_on, l.status_on) ELSE l.expires_on END AS ended_on
      FROM license l LEFT JOIN license_rule r ON r.agency_id = l.agency_id AND r.state = l.state AND r.type = l.type
     CROSS JOIN LATERAL (SELECT CASE WHEN l.status = 'active' THEN l.status
         ELSE license_status(l, $2::date) END AS status) s
     WHERE l.agency_id = $1::int AND l.expires_on >= (SELECT first FROM reach)
       AND l.first_date BETWEEN (SELECT first - spread FROM reach) AND (SELECT last FROM reach)
       AND s.status IN ('active', 'lapsed')
), asked AS MATERIALIZED (
    -- What the ledger has of each, asked once. Near bounds spare it most of its yearly parts; NULL: not asked here.
    SELECT n.*, CASE WHEN n.expires_on BETWEEN $2::date - 800 AND $2::date + 800 THEN
           array(SELECT f.ordinal FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'license_renewal'
                    AND f.subject_id = n.license_id AND f.cycle = n.expires_on
                    AND f.cycle BETWEEN $2::date - 800 AND $2::date + 800) END AS taken
      FROM near n
), old AS MATERIALIZED (
    -- Expired long ago, and somebody works on it. (A scalar question: the few licenses ask for placements, not all
    -- placements for licenses.)
    SELECT l.license_id, l.expires_on, l.depends_on_id IS NOT NULL AS depends,
           CASE WHEN l.expires_on >= $2::date - 800 THEN
           array(SELECT f.ordinal FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'license_renewal'
                    AND f.subject_id = l.license_id AND f.cycle = l.expires_on
                    AND f.cycle BETWEEN $2::date - 800 AND $2::date) END AS taken
      FROM license l, reach
     WHERE l.agency_id = $1::int AND l.expires_on BETWEEN $2::date - reach.lookback AND reach.first - 1
       AND l.first_date BETWEEN $2::date - reach.lookback - reach.spread AND reach.first - 1
       AND CASE WHEN l.status = 'active' THEN true ELSE license_status(l, $2::date) IN ('active', 'lapsed') END
       AND (SELECT true FROM placement p WHERE p.agency_id = $1::int AND p.therapist_id = l.therapist_id
               AND placement_is_live(p, $2::date) LIMIT 1)
), climb AS (
    -- ce_short: the row holds only while CE is short (or only once it is complete)
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, t.track, t.anchor, t.ce_short, false AS on_placement,
        d.taken
      FROM asked d
     CROSS JOIN LATERAL (SELECT CASE WHEN d.apply_by >= $2::date THEN d.apply_by ELSE d.expires_on END AS filing,
                                CASE WHEN d.ce_by >= $2::date THEN d.ce_by END AS ce_date) n
     CROSS JOIN LATERAL (VALUES
           ('main', CASE WHEN d.is_open THEN n.filing END, CASE WHEN n.ce_date < n.filing THEN false END),
           ('main', CASE WHEN n.ce_date < n.filing THEN n.ce_date END, true),
           ('ce', n.ce_date, true),
           ('final', CASE WHEN least(d.ce_by, d.apply_by) < d.expires_on - 7 THEN d.expires_on END, NULL)
           ) t (track, anchor, ce_short)
     WHERE d.status = 'active' AND d.expires_on > $2::date AND t.anchor IS NOT NULL
    UNION ALL
    SELECT d.license_id, d.expires_on, d.depends, d.has_rule, t.track, d.ended_on, NULL, false, d.taken
      FROM asked d, (VALUES ('expired'), ('expired_lead')) t (track) WHERE d.ended_on <= $2::date
    UNION ALL
    SELECT o.license_id, o.expires_on, o.depends, true, t.track, reach.first, NULL, true, o.taken
      FROM reach, (VALUES ('expired'), ('expired_lead')) t (track), old o
    UNION ALL
    -- Ended before its time; or its parent was given up, which no notice of the parent's own tells.
    SELECT l.license_id, l.expires_on, false, true, t.track, l.status_on, NULL, false, NULL
      FROM reach, (VALUES ('expired'), ('expired_lead')) t (track), license l
     WHERE l.agency_id = $1::int AND l.status = 'lapsed' AND l.status_on BETWEEN reach.first AND $2::date
       AND l.first_date > reach.last
    UNION ALL
    SELECT l.license_id, l.expires_on, false, true, t.track, p.status_on, NULL, false, NULL
      FROM reach, (VALUES ('expired'), ('expired_lead')) t (track), license p,
           LATERAL license_family(p.agency_id, p.license_id) f, license l
     WHERE p.agency_id = $1::int AND p.status = 'surrendered' AND p.status_on BETWEEN reach.first AND $2::date
       AND f.level > 0 AND l.agency_id = $1::int AND l.license_id = f.license_id AND l.expires_on >= p.status_on
       AND license_status(l, $2::date) NOT IN ('surrendered', 'lapsed')
    UNION ALL
    -- Filed or granted, and the new expiry is not on record.
    SELECT l.license_id, l.expires_on, false, true, t.track,
        CASE WHEN t.by_expiry THEN l.expires_on ELSE l.watched_on END,
           NULL, t.track = 'watch_lead', NULL
      FROM license l JOIN (VALUES ('renewal_submitted', 'watch', false), ('renewal_submitted', 'watch_expiry', true),
                                  ('renewal_submitted', 'watch_lead', true), ('renewed', 'renewed', false)
                          ) t (status, track, by_expiry) ON t.status = l.status
     WHERE l.agency_id = $1::int AND l.watched_on BETWEEN $2::date - 500 AND $2::date
), open AS (
    SELECT DISTINCT ON (c.license_id, c.track, c.ce_short) c.*, s.step, s.ordinal
      FROM climb c JOIN stair s ON s.track = c.track AND s.anchor = c.anchor
     WHERE CASE WHEN c.taken IS NULL
                THEN NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'license_renewal'
                                    AND f.subject_id = c.license_id AND f.cycle = c.expires_on
                                    AND f.ordinal >= s.ordinal AND f.ordinal / 1000000 = s.ordinal / 1000000)
                ELSE NOT EXISTS (SELECT FROM unnest(c.taken) o WHERE o >= s.ordinal
                    AND o / 1000000 = s.ordinal / 1000000) END
     ORDER BY c.license_id, c.track, c.ce_short, c.depends, s.ordinal
), chosen AS MATERIALIZED (
    SELECT o.license_id, l.ext_id, o.expires_on, o.step, o.ordinal, o.track, o.anchor, l.therapist_id,
           r.state AS rule_state, r.type AS rule_type, r.as_of,
           license_rule_warning(r, $2::date) IS NOT NULL AS rule_is_doubtful,
           CASE WHEN r.confidence = 'uncertain' THEN r.as_of ELSE r.as_of + 366 END AS doubtful_from
      FROM open o JOIN license l ON l.agency_id = $1::int AND l.license_id = o.license_id
      LEFT JOIN license_rule r ON r.agency_id = l.agency_id AND r.state = l.state AND r.type = l.type
     WHERE (o.ce_short IS NULL OR o.ce_short <> (SELECT c.is_complete FROM ce_standing(l, r, $2::date) c))
       AND (NOT o.depends OR license_falls_with(l, o.has_rule, $2::date) IS NULL)
       AND (NOT o.on_placement OR EXISTS (SELECT FROM license_radius(l.agency_id, l.license_id, $2::date) x
                                           WHERE x.kind = 'placement'))
       AND (o.track LIKE 'expired%' OR (o.track LIKE 'watch%' AND o.expires_on <= $2::date)
            OR subject_held(l.agency_id, ARRAY['license', 'therapist'], ARRAY[l.license_id, l.therapist_id],
                $2::date) IS NULL)
       AND (o.track <> 'final' OR EXISTS (
            SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'license_renewal'
                AND f.subject_id = o.license_id
               AND f.cycle = o.expires_on AND f.at::date < o.expires_on - 17
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
 WHERE NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = $1::int AND f.worker = 'license_renewal'
                      AND f.subject_id = d.number AND f.cycle = d.as_of AND f.ordinal >= d.ordinal
                      AND f.ordinal / 1000000 = d.ordinal / 1000000)
