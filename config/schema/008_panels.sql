-- Where panel applications, the papers that they need and the panels that placements bill stand on a day.

-- What an application is on a day: one that was decided later was pending until then.
CREATE FUNCTION application_status(a panel_application, on_day date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN a.submitted_on > on_day THEN 'draft'
                WHEN a.status_on IS NULL OR a.status_on <= on_day OR a.status = 'draft' THEN a.status
                WHEN a.submitted_on IS NULL THEN 'draft'
                ELSE 'submitted' END
$$;

-- The panel applications that wait for a payer's decision on a day.
CREATE FUNCTION pending_applications(p_agency int, on_day date) RETURNS SETOF panel_application LANGUAGE sql STABLE AS $$
    SELECT * FROM panel_application WHERE agency_id = p_agency AND submitted_on <= on_day
       AND status IN ('submitted', 'in_review', 'info_requested')
    UNION ALL
    SELECT * FROM panel_application WHERE agency_id = p_agency AND submitted_on <= on_day AND status_on > on_day
       AND status IN ('approved', 'denied', 'withdrawn')
$$;

-- How long a payer takes: days from submission to decision, over its latest decisions up to a day (NULL: over all).
CREATE FUNCTION payer_pace(p_agency int, p_payer bigint, on_day date, latest int)
RETURNS TABLE (decided bigint, median numeric, p90 numeric) LANGUAGE sql STABLE AS $$
    SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY days)::numeric,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY days)::numeric
      FROM (SELECT a.status_on - a.submitted_on AS days FROM panel_application a
             WHERE a.agency_id = p_agency AND a.payer_id = p_payer AND a.status IN ('approved', 'denied')
               AND a.status_on <= on_day AND a.submitted_on IS NOT NULL
             ORDER BY a.status_on DESC LIMIT latest) d
$$;

-- The days after which a decision of a payer is to be expected: the median of its last 200, when there are enough of
-- them to tell, else what the schedule's settings say.
CREATE FUNCTION payer_usual(p_agency int, p_payer bigint, on_day date, settings jsonb) RETURNS int
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p.decided >= (settings ->> 'history_min')::int THEN ceil(p.median)::int
                ELSE (settings ->> 'usual_days')::int END
      FROM payer_pace(p_agency, p_payer, on_day, 200) p
$$;

-- The day until which the papers of a therapist must hold for the panels they wait for: the last decision that is to be
-- expected. A file that is past its payer's usual time may be decided any day, so `soon_days` from now. Of these
-- therapists, or of all.
CREATE FUNCTION papers_needed(p_agency int, on_day date, settings jsonb, therapists bigint[] DEFAULT NULL)
RETURNS TABLE (therapist_id bigint, until_on date) LANGUAGE sql STABLE AS $$
    WITH pending AS MATERIALIZED (
        SELECT a.therapist_id, a.payer_id, a.submitted_on FROM pending_applications(p_agency, on_day) a
         WHERE therapists IS NULL
        UNION ALL
        SELECT a.therapist_id, a.payer_id, a.submitted_on FROM unnest(therapists) AS t (id)
          JOIN panel_application a ON a.agency_id = p_agency AND a.therapist_id = t.id AND a.submitted_on <= on_day
         WHERE application_status(a, on_day) IN ('submitted', 'in_review', 'info_requested')
    ), usual AS MATERIALIZED (
        SELECT y.payer_id, payer_usual(p_agency, y.payer_id, on_day, settings) AS days
          FROM (SELECT DISTINCT payer_id FROM pending) y
    )
    SELECT a.therapist_id, max(greatest(a.submitted_on + u.days, on_day + (settings ->> 'soon_days')::int))
      FROM pending a JOIN usual u USING (payer_id) GROUP BY a.therapist_id
$$;

-- Can a therapist's work be billed to a payer on the day it is needed, as known on another? covered_by: the application
-- that says so; else `standing`, how far it is, and ended_on, when the last panel, or try at one, ended.
CREATE FUNCTION panel_standing(p_agency int, p_therapist bigint, p_payer bigint, needed_on date, on_day date)
RETURNS TABLE (covered_by text, covered_from date, standing text, ended_on date) LANGUAGE sql STABLE AS $$
    WITH own AS (
        SELECT a.ext_id, a.submitted_on, a.status_on, coalesce(a.effective_on, a.status_on, a.submitted_on) AS effective_on,
               application_status(a, on_day) AS status
          FROM panel_application a
         WHERE a.agency_id = p_agency AND a.therapist_id = p_therapist AND a.payer_id = p_payer
    ), nearest AS (
        SELECT CASE status WHEN 'approved' THEN 'application ' || ext_id || ' is approved, but only from '
                                                || long_date(effective_on)
                           WHEN 'info_requested' THEN 'application ' || ext_id
                                                      || ' waits for what they asked us for on ' || long_date(status_on)
                           WHEN 'draft' THEN 'application ' || ext_id || ' has not been submitted'
                           WHEN 'denied' THEN 'they denied application ' || ext_id || ' on ' || long_date(status_on)
                           WHEN 'withdrawn' THEN 'application ' || ext_id || ' was withdrawn on ' || long_date(status_on)
                           ELSE 'application ' || ext_id || ' has been pending since ' || long_date(submitted_on) END AS words
          FROM own ORDER BY array_position(ARRAY['approved', 'info_requested', 'in_review', 'submitted', 'draft', 'denied',
                                                 'withdrawn'], status), ext_id DESC LIMIT 1
    ), cover AS (
        SELECT ext_id, effective_on FROM own WHERE status = 'approved' AND effective_on <= needed_on
         ORDER BY effective_on, ext_id LIMIT 1
    )
    SELECT (SELECT ext_id FROM cover), (SELECT effective_on FROM cover),
           coalesce((SELECT words FROM nearest), 'there is no application on record'),
           (SELECT max(status_on) FROM own WHERE status IN ('denied', 'withdrawn'))
$$;

-- The application that a therapist filed with the same payer after this one was decided: it took its place.
CREATE FUNCTION application_followed_by(a panel_application, on_day date) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'application ' || n.ext_id || ' was filed on ' || long_date(n.submitted_on) FROM panel_application n
     WHERE n.agency_id = a.agency_id AND n.therapist_id = a.therapist_id AND n.payer_id = a.payer_id
       AND n.submitted_on > a.status_on AND n.submitted_on <= on_day AND application_status(n, on_day) <> 'withdrawn'
     ORDER BY n.submitted_on DESC, n.ext_id LIMIT 1
$$;

-- Why a step or a task of an application on a track of payer_followup is no longer called for on a day; NULL: it is.
CREATE FUNCTION application_gone(a panel_application, track text, cycle date, on_day date, settings jsonb) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN track IN ('followup', 'agreed', 'escalation', 'info', 'info_window') THEN CASE
            WHEN s.now IN ('approved', 'denied', 'withdrawn')
                THEN s.now || coalesce(' on ' || long_date(a.status_on), '')
            WHEN s.now = 'draft' THEN 'it is a draft again'
            WHEN track = 'followup' AND s.now = 'info_requested'
                THEN 'they asked us for something on ' || long_date(a.status_on) || '; that comes first'
            WHEN track = 'agreed' AND cycle <> coalesce(a.next_on, 'infinity')
                THEN coalesce('another day was agreed: ' || long_date(a.next_on), 'they were asked meanwhile')
            WHEN track IN ('followup', 'escalation') AND cycle <> a.submitted_on
                THEN 'its submission is now dated ' || long_date(a.submitted_on)
            WHEN track IN ('info', 'info_window') AND s.now <> 'info_requested'
                THEN 'they no longer wait for us: it is ' || replace(s.now, '_', ' ')
                     || coalesce(' since ' || long_date(a.status_on), '')
            WHEN track IN ('info', 'info_window') AND cycle <> a.status_on
                     + CASE track WHEN 'info' THEN 0 ELSE (settings ->> 'info_window_days')::int END
                THEN 'they asked anew on ' || long_date(a.status_on) END
        WHEN track = 'draft' THEN CASE
            WHEN a.status <> 'draft' THEN coalesce('submitted on ' || long_date(a.submitted_on), replace(a.status, '_', ' ')) END
        WHEN track = 'denied' AND s.now <> 'denied' THEN 'it is ' || replace(s.now, '_', ' ') || ' now'
        WHEN track IN ('effective', 'loading', 'directory', 'revalidation') AND s.now <> 'approved'
            THEN 'it is ' || replace(s.now, '_', ' ') || ' now'
        WHEN track IN ('denied', 'effective', 'loading', 'directory') AND cycle <> a.status_on
            THEN 'the decision is now dated ' || long_date(a.status_on)
        WHEN track = 'revalidation' AND cycle <> coalesce(a.revalidate_on, 'infinity')
            THEN 'it is to be revalidated ' || coalesce('by ' || long_date(a.revalidate_on), 'no more')
        WHEN track IN ('denied', 'revalidation') THEN application_followed_by(a, on_day) END
      FROM (SELECT application_status(a, on_day) AS now) s
$$;

-- The same of a paper that must hold while panels are pending: a license, the CAQH attestation, the insurance.
CREATE FUNCTION paper_gone(track text, cycle date, expires_on date, status text, until_on date) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status <> 'active' THEN 'it is ' || replace(status, '_', ' ') || ' now'
                WHEN expires_on IS DISTINCT FROM cycle THEN
                    CASE track WHEN 'attestation' THEN 'attested since; the next is due '
                               ELSE 'renewed since; it now expires ' END
                    || coalesce('on ' || long_date(expires_on), 'on a day that nobody entered')
                WHEN until_on IS NULL THEN 'no panel application is pending any more'
                WHEN until_on < cycle THEN 'the decisions are expected before it expires' END
$$;

-- What happened about a subject of payer_followup, oldest first: our letters, and what came of the tasks.
CREATE FUNCTION panel_history(p_agency int, p_id bigint, p_subject text, p_party text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(to_char(h.at, 'FMMon FMDD, YYYY') || ': ' || h.what, E'\n' ORDER BY h.at) FROM (
        SELECT DISTINCT m.claimed_at AS at, 'letter to ' || m.address || CASE m.state WHEN 'sent' THEN '' ELSE ', ' || m.state END
               AS what
          FROM message_step s JOIN message m USING (agency_id, message_id)
         WHERE s.agency_id = p_agency AND s.worker = 'payer_followup' AND s.subject_id = p_id AND s.subject = p_subject
        UNION ALL
        SELECT t.closed_at, t.title || ': ' || replace(coalesce(t.outcome, t.state), '_', ' ') || coalesce(', ' || t.note, '')
          FROM task t
         WHERE t.agency_id = p_agency AND t.party = p_party AND t.state = 'done' AND p_subject = ANY (t.subjects)
         ORDER BY 1 DESC LIMIT 12) h
$$;

-- The live placements of a therapist that bill a payer, as "Cedar House (starts March 3, 2027)".
CREATE FUNCTION panel_placements(p_agency int, p_therapist bigint, p_payer bigint, on_day date) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT string_agg(f.name || CASE WHEN p.start_on > on_day THEN ' (starts ' || long_date(p.start_on) || ')'
                                     ELSE coalesce(' (since ' || long_date(p.start_on) || ')', '') END,
                      ', ' ORDER BY p.start_on, p.ext_id)
      FROM placement p JOIN facility f USING (agency_id, facility_id)
      JOIN placement_payer b USING (agency_id, placement_id)
     WHERE p.agency_id = p_agency AND p.therapist_id = p_therapist AND b.payer_id = p_payer AND p.insurance_billing
       AND placement_is_live(p, on_day)
$$;

-- Why a gap between a placement and a payer's panel is none any more; NULL: it is one.
CREATE FUNCTION gap_gone(p placement, covered_by text, covered_from date, on_day date) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN NOT p.insurance_billing THEN 'the placement no longer bills insurance'
                WHEN p.status IN ('ended', 'canceled') THEN 'the placement is ' || p.status
                WHEN p.end_on < on_day THEN 'the placement ended on ' || long_date(p.end_on)
                WHEN covered_by IS NOT NULL THEN 'paneled since ' || long_date(covered_from) || ' by application '
                                                 || covered_by END
$$;

-- The placements that bill a payer on whose panel their therapist is not, by what is known on a day; with the date from
-- which that matters: the start, or when a panel, or the try at one, ended after it. Starts up to a day.
CREATE FUNCTION panel_gaps(p_agency int, on_day date, starts_by date)
RETURNS TABLE (billing_id bigint, placement_id bigint, ext_id text, payer_id bigint, therapist_id bigint, anchor date,
               standing text) LANGUAGE sql STABLE AS $$
    SELECT b.billing_id, p.placement_id, p.ext_id, b.payer_id, p.therapist_id, greatest(p.starts_on, s.ended_on), s.standing
      FROM (SELECT p.placement_id, p.therapist_id, p.ext_id,
                   coalesce(p.start_on, p.offer_signed_on, date_trunc('month', on_day)::date) AS starts_on
              FROM placement p
             WHERE p.agency_id = p_agency AND p.insurance_billing AND p.status IN ('offer', 'active')
               AND placement_is_live(p, on_day)) p
      JOIN placement_payer b ON b.agency_id = p_agency AND b.placement_id = p.placement_id
      LEFT JOIN LATERAL (
          SELECT true AS good FROM panel_application a
           WHERE a.agency_id = p_agency AND a.therapist_id = p.therapist_id AND a.payer_id = b.payer_id
             AND a.status = 'approved' AND (a.status_on IS NULL OR a.status_on <= on_day)
             AND coalesce(a.effective_on, a.status_on, a.submitted_on) <= greatest(on_day, p.starts_on) LIMIT 1) c ON true,
           LATERAL panel_standing(p_agency, p.therapist_id, b.payer_id, greatest(on_day, p.starts_on), on_day) s
     WHERE c.good IS NULL AND p.starts_on <= starts_by
$$;
