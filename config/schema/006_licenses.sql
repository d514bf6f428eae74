-- What states ask of licenses (config/rules/licenses.yaml, as the scheduler applied it), where a license stands on a day, and
-- what falls with it.

-- Which steps a license has behind it in its round, without a look at the ledger itself.
CREATE INDEX fired_of_licenses ON fired (agency_id, subject_id, cycle, ordinal) WHERE worker = 'license_renewal';
-- How far each round of a license came on each of its tracks: what the ledger has of the rounds that end in some days, read
-- at once. SET keeps Postgres from unfolding it, ROWS says what a large office has: the planner then hashes it.
CREATE FUNCTION license_taken(p_agency int, from_cycle date, to_cycle date)
RETURNS TABLE (license_id bigint, cycle date, track int, ordinal int)
LANGUAGE sql STABLE ROWS 100000 SET search_path = public AS $$
    SELECT f.subject_id, f.cycle, f.ordinal / 1000000, max(f.ordinal) FROM fired f
     WHERE f.agency_id = p_agency AND f.worker = 'license_renewal' AND f.cycle BETWEEN from_cycle AND to_cycle
     GROUP BY 1, 2, 3
$$;
-- The same of one round: whether a step, or a later one of its track, was taken.
CREATE FUNCTION license_step_taken(p_agency int, p_license bigint, p_cycle date, p_ordinal int) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM fired f WHERE f.agency_id = p_agency AND f.worker = 'license_renewal'
                      AND f.subject_id = p_license AND f.cycle = p_cycle
                      AND f.ordinal BETWEEN p_ordinal AND p_ordinal / 1000000 * 1000000 + 999999)
$$;

-- The rules in force (config/rules/*.yaml is the source), applied by the scheduler like the schedules.
CREATE TABLE rule_pack (
    agency_id  int  NOT NULL REFERENCES agency,
    name       text NOT NULL,               -- "licenses", "packets"
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (agency_id, name)
);
CREATE TABLE license_rule (
    agency_id     int  NOT NULL REFERENCES agency,
    state         text NOT NULL,
    type          text NOT NULL,
    cycle_months  int  NOT NULL,
    expiry        text,                     -- how the board sets it: "31 March of odd years", "birth month"
    ce_hours      numeric NOT NULL,         -- 0: none known
    carry_over    numeric NOT NULL,
    ce_by         int  NOT NULL,            -- days before the expiry by which CE must be complete
    apply_by      int  NOT NULL,            -- days before the expiry by which the renewal must be filed
    opens         int,                      -- days before the expiry from which it can be renewed; NULL: any
    grace         int  NOT NULL,            -- days after the expiry
    first_renewal text NOT NULL CHECK (first_renewal IN ('full', 'exempt', 'prorated')),
    source        text NOT NULL,
    as_of         date NOT NULL,
    confidence    text NOT NULL CHECK (confidence IN ('primary', 'secondary', 'uncertain')),
    PRIMARY KEY (agency_id, state, type)
);
CREATE TABLE license_rule_category (
    agency_id int     NOT NULL,
    state     text    NOT NULL,
    type      text    NOT NULL,
    category  text    NOT NULL,
    hours     numeric NOT NULL,
    PRIMARY KEY (agency_id, state, type, category),
    FOREIGN KEY (agency_id, state, type) REFERENCES license_rule ON DELETE CASCADE
);

-- CE of a license on a day: the hours of its running cycle with what the one before carried over, against the rule.
-- A first renewal may be exempt, or ask in proportion to the months since the license was issued.
CREATE FUNCTION ce_standing(l license, r license_rule, on_day date)
RETURNS TABLE (hours numeric, needed numeric, categories jsonb, is_complete boolean) LANGUAGE sql STABLE AS $$
    WITH cycle AS (
        SELECT (l.expires_on - make_interval(months => r.cycle_months))::date AS begins,
               (l.expires_on - make_interval(months => 2 * r.cycle_months))::date AS before,
               CASE WHEN NOT l.first_renewal OR r.first_renewal = 'full' THEN 1.0
                    WHEN r.first_renewal = 'exempt' THEN 0.0
                    ELSE least(1.0, coalesce(extract(year FROM age(l.expires_on, l.issued_on)) * 12
                                             + extract(month FROM age(l.expires_on, l.issued_on)), r.cycle_months)
                                    / r.cycle_months) END AS share
         WHERE r.state IS NOT NULL
    ), needs AS (
        SELECT c.begins, c.before, c.share, ceil(2 * r.ce_hours * c.share) / 2 AS needed FROM cycle c
    ), done AS (
        SELECT coalesce(sum(c.hours) FILTER (WHERE c.completed_on > n.begins), 0) AS own,
               coalesce(sum(c.hours) FILTER (WHERE c.completed_on <= n.begins AND NOT l.first_renewal), 0) AS earlier
          FROM needs n LEFT JOIN ce_record c ON c.agency_id = l.agency_id AND c.license_id = l.license_id
           AND c.completed_on > n.before AND c.completed_on <= least(on_day, l.expires_on)
    ), by_category AS (
        SELECT k.category, ceil(2 * k.hours * n.share) / 2 AS needed,
               coalesce((SELECT sum(c.hours) FROM ce_record c WHERE c.agency_id = l.agency_id
                           AND c.license_id = l.license_id AND c.category = k.category AND c.completed_on > n.begins
                           AND c.completed_on <= least(on_day, l.expires_on)), 0) AS hours
          FROM needs n, license_rule_category k
         WHERE k.agency_id = l.agency_id AND k.state = l.state AND k.type = l.type AND n.needed > 0
    ), total AS (
        SELECT d.own + least(greatest(d.earlier - r.ce_hours, 0), r.carry_over) AS hours, n.needed FROM done d, needs n
    )
    SELECT coalesce(t.hours, 0), coalesce(t.needed, 0),
           (SELECT jsonb_agg(jsonb_build_object('category', replace(b.category, '_', ' '), 'hours', trim_scale(b.hours),
                   'needed', trim_scale(b.needed), 'short', b.hours < b.needed) ORDER BY b.category) FROM by_category b),
           coalesce(t.hours >= t.needed, true) AND NOT EXISTS (SELECT FROM by_category b WHERE b.hours < b.needed)
      FROM (SELECT) one LEFT JOIN total t ON true
$$;

-- The nearest date of a license that is still unmet and still to come: CE complete, renewal filed, expiry. The record's own
-- dates win over the rule's. A date that has passed unmet leaves the word to the next one.
CREATE FUNCTION license_anchor(l license, r license_rule, ce_complete boolean, on_day date)
RETURNS TABLE (anchor date, what text, opens_on date, ce_by date, apply_by date) LANGUAGE sql IMMUTABLE AS $$
    SELECT least(n.ce, n.apply, l.expires_on),
           CASE WHEN n.ce < least(n.apply, l.expires_on) THEN 'ce_by' WHEN n.apply < l.expires_on THEN 'apply_by'
                ELSE 'expiry' END,
           coalesce(l.renewal_opens, l.expires_on - r.opens), d.ce_by, d.apply_by
      FROM (SELECT coalesce(l.ce_by, l.expires_on - coalesce(r.ce_by, 0)) AS ce_by,
                   coalesce(l.apply_by, l.expires_on - coalesce(r.apply_by, 0)) AS apply_by) d,
           LATERAL (SELECT CASE WHEN NOT ce_complete AND d.ce_by >= on_day THEN d.ce_by END AS ce,
                           CASE WHEN d.apply_by >= on_day THEN d.apply_by END AS apply) n
$$;

-- What a record says counts from its own day; a new expiry begins a new round.
CREATE FUNCTION license_status(l license, on_day date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN l.status_on > on_day THEN 'active'
                WHEN l.status IN ('renewal_submitted', 'renewed') AND l.watched_on IS NULL AND l.status_on IS NOT NULL
                THEN 'active'
                ELSE l.status END
$$;

-- Whether nobody may practice on it that day: ended, or run out. Granted but without its new expiry, it is in force.
CREATE FUNCTION license_is_down(l license, on_day date) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE license_status(l, on_day) WHEN 'surrendered' THEN true WHEN 'lapsed' THEN true WHEN 'renewed' THEN false
                ELSE l.expires_on < on_day END
$$;

-- The license above this one with which it falls that day, or NULL: one that is down itself; or, where the dependent has no
-- renewal of its own (no rule), one that runs out with it or before. Its own notice then speaks for both.
CREATE FUNCTION license_falls_with(l license, has_rule boolean, on_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up AS (
        SELECT p.license_id, p.depends_on_id, 1 AS level FROM license p
         WHERE p.agency_id = l.agency_id AND p.license_id = l.depends_on_id
        UNION ALL
        SELECT p.license_id, p.depends_on_id, u.level + 1 FROM up u JOIN license p ON p.agency_id = l.agency_id
           AND p.license_id = u.depends_on_id WHERE u.level < 5
    )
    SELECT p.license_id FROM up u JOIN license p ON p.agency_id = l.agency_id AND p.license_id = u.license_id
     WHERE license_is_down(p, on_day)
        OR (NOT has_rule AND license_status(p, on_day) = 'active' AND p.expires_on <= l.expires_on)
     ORDER BY NOT license_is_down(p, on_day), u.level LIMIT 1
$$;

-- Its effective state: a license whose parent is down is down with it.
CREATE FUNCTION license_in_force(l license, on_day date) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT license_is_down(l, on_day) AND license_falls_with(l, true, on_day) IS NULL
$$;

-- As people say it: "Texas LCSW license", "Arizona compact privilege", "PMHNP-BC certificate".
CREATE FUNCTION license_label(state text, type text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN state = 'US' THEN '' ELSE coalesce('{"AL":"Alabama","AK":"Alaska","AZ":"Arizona","AR":"Arkansas",
        "CA":"California","CO":"Colorado","CT":"Connecticut","DE":"Delaware","FL":"Florida","GA":"Georgia","HI":"Hawaii",
        "ID":"Idaho","IL":"Illinois","IN":"Indiana","IA":"Iowa","KS":"Kansas","KY":"Kentucky","LA":"Louisiana","ME":"Maine",
        "MD":"Maryland","MA":"Massachusetts","MI":"Michigan","MN":"Minnesota","MS":"Mississippi","MO":"Missouri",
        "MT":"Montana","NE":"Nebraska","NV":"Nevada","NH":"New Hampshire","NJ":"New Jersey","NM":"New Mexico",
        "NY":"New York","NC":"North Carolina","ND":"North Dakota","OH":"Ohio","OK":"Oklahoma","OR":"Oregon",
        "PA":"Pennsylvania","RI":"Rhode Island","SC":"South Carolina","SD":"South Dakota","TN":"Tennessee","TX":"Texas",
        "UT":"Utah","VT":"Vermont","VA":"Virginia","WA":"Washington","WV":"West Virginia","WI":"Wisconsin","WY":"Wyoming",
        "DC":"District of Columbia","PR":"Puerto Rico"}'::jsonb ->> state, state) || ' ' END
        || CASE type WHEN 'psychologist' THEN 'psychologist license' WHEN 'PMHNP_BC' THEN 'PMHNP-BC certificate'
                     WHEN 'PSYPACT' THEN 'PSYPACT authorization' WHEN 'compact_privilege' THEN 'compact privilege'
                     WHEN 'DEA' THEN 'DEA registration' WHEN 'other' THEN 'license' ELSE type || ' license' END
$$;

-- Why a rule should be looked at again, or NULL.
CREATE FUNCTION license_rule_warning(r license_rule, on_day date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'our renewal rule for the ' || license_label(r.state, r.type)
           || CASE WHEN r.confidence = 'uncertain' THEN ' is uncertain'
                   WHEN r.as_of < on_day - 365 THEN ' was last read on ' || to_char(r.as_of, 'FMMonth FMDD, YYYY') END
$$;
-- Its number among the subjects of license_renewal, below zero: licenses are above.
CREATE FUNCTION license_rule_number(state text, type text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT -1 - (hashtextextended(state || ' ' || type, 0) & 1152921504606846975)
$$;

-- What falls with a license: itself and its dependents, and their therapist's live placements and panels.
CREATE FUNCTION license_family(p_agency int, p_license bigint) RETURNS TABLE (license_id bigint, level int)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE family AS (
        SELECT p_license AS license_id, 0 AS level
        UNION
        SELECT l.license_id, f.level + 1 FROM family f JOIN license l ON l.agency_id = p_agency
           AND l.depends_on_id = f.license_id WHERE f.level < 5
    ) SELECT * FROM family
$$;
-- A placement rests on the license it names; where it names none, on any of its facility's state (of any state, where that
-- is not known), and on every national certificate. A panel goes with its placement; one that names none, with the license.
CREATE FUNCTION license_radius(p_agency int, p_license bigint, on_day date)
RETURNS TABLE (kind text, ext_id text, detail text, since date) LANGUAGE sql STABLE AS $$
    WITH own AS MATERIALIZED (
        SELECT l.* FROM license_family(p_agency, p_license) f
          JOIN license l ON l.agency_id = p_agency AND l.license_id = f.license_id
         WHERE f.level = 0 OR license_status(l, on_day) NOT IN ('surrendered', 'lapsed')
    ), therapist AS (
        SELECT therapist_id FROM own WHERE license_id = p_license
    ), live AS MATERIALIZED (
        SELECT p.placement_id, p.ext_id, p.start_on, f.name,
               p.license_id IN (SELECT license_id FROM own)
               OR (p.license_id IS NULL AND (f.state IS NULL OR f.state IN (SELECT state FROM own)
                                             OR EXISTS (SELECT FROM own WHERE state = 'US'))) AS falls
          FROM therapist t JOIN placement p ON p.agency_id = p_agency AND p.therapist_id = t.therapist_id
          JOIN facility f ON f.agency_id = p_agency AND f.facility_id = p.facility_id
         WHERE placement_is_live(p, on_day)
    )
    SELECT 'placement', v.ext_id, v.name || CASE WHEN v.start_on > on_day THEN ', starts ' || long_date(v.start_on)
                                                 ELSE coalesce(', since ' || long_date(v.start_on), '') END, v.start_on
      FROM live v WHERE v.falls
    UNION ALL
    SELECT 'panel', a.ext_id, y.name || CASE WHEN a.status = 'approved' THEN ', approved' ELSE ', pending' END, a.submitted_on
      FROM therapist t JOIN panel_application a ON a.agency_id = p_agency AND a.therapist_id = t.therapist_id
      JOIN payer y ON y.agency_id = p_agency AND y.payer_id = a.payer_id
     WHERE a.status IN ('submitted', 'in_review', 'info_requested', 'approved')
       AND (a.placement_id IS NULL OR EXISTS (SELECT FROM live v WHERE v.placement_id = a.placement_id AND v.falls))
    UNION ALL
    SELECT 'privilege', l.ext_id, license_label(l.state, l.type) || ', own expiry ' || long_date(l.expires_on), l.expires_on
      FROM own l WHERE l.license_id <> p_license
     ORDER BY 1 DESC, 2
$$;
