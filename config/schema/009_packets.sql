-- What belongs into a packet (config/rules/packets.yaml, as the scheduler applied it), and where a placement's packet stands.

CREATE TABLE packet_rule (
    agency_id     int  NOT NULL REFERENCES agency,
    facility_type text NOT NULL,
    item          text NOT NULL,
    ordinal       int  NOT NULL,
    title         text NOT NULL,
    provider      text NOT NULL CHECK (provider IN ('therapist', 'facility', 'agency')),
    ask           text,                     -- what exactly we ask the provider for
    lead_days     int  NOT NULL,
    required      boolean NOT NULL,         -- before the start
    document      text,                     -- the document that goes out with the packet
    reader        text CHECK (reader IN ('therapist', 'facility')), -- whose letter it goes with
    again_if_moved boolean NOT NULL,        -- it confirms one start; a moved one is asked again
    PRIMARY KEY (agency_id, facility_type, item)
);

-- Whether what is on record about an item counts that day. A confirmation of another start is none of this one.
CREATE FUNCTION packet_item_counts(k packet_item, r packet_rule, start_on date, on_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (k.status_on IS NULL OR k.status_on <= on_day)
       AND NOT (r.again_if_moved AND k.status IN ('received', 'confirmed')
                AND k.start_on IS DISTINCT FROM packet_item_counts.start_on)
$$;

-- The items of a placement's packet with where each stands that day. Postgres unfolds it: joined to many placements it is
-- one join, no call for each.
CREATE FUNCTION packet_standing(p placement, facility_type text, on_day date)
RETURNS TABLE (item text, ordinal int, title text, provider text, ask text, lead_days int, required boolean, document text,
               reader text, again_if_moved boolean, status text, since date, note text, is_open boolean)
LANGUAGE sql STABLE AS $$
    SELECT r.item, r.ordinal, r.title, r.provider, r.ask, r.lead_days, r.required, r.document, r.reader, r.again_if_moved,
           coalesce(k.status, 'open'), k.status_on, k.note, k.status IS NULL OR k.status IN ('open', 'sent')
      FROM packet_rule r
      LEFT JOIN packet_item k ON k.agency_id = p.agency_id AND k.placement_id = p.placement_id AND k.item = r.item
       AND packet_item_counts(k, r, p.start_on, on_day)
     WHERE r.agency_id = p.agency_id AND r.facility_type = packet_standing.facility_type
$$;

-- What is open of a packet, counted. to_send: a letter of the packet still has something to carry; by_hand: its documents
-- are on record already, so somebody sent them. The room's due.sql counts the same for many placements at once.
CREATE FUNCTION packet_count(p placement, facility_type text, on_day date)
RETURNS TABLE (therapist_open bigint, facility_open bigint, agency_open bigint, required_open bigint, lead_days int,
               therapist_to_send boolean, facility_to_send boolean, therapist_by_hand boolean, facility_by_hand boolean)
LANGUAGE sql STABLE AS $$
    SELECT count(*) FILTER (WHERE is_open AND provider = 'therapist'), count(*) FILTER (WHERE is_open AND provider = 'facility'),
           count(*) FILTER (WHERE is_open AND provider = 'agency'), count(*) FILTER (WHERE is_open AND required),
           max(s.lead_days) FILTER (WHERE is_open AND required),
           CASE WHEN bool_or(reader = 'therapist') THEN bool_or(reader = 'therapist' AND status = 'open')
                ELSE bool_or(provider = 'therapist' AND status = 'open') END,
           CASE WHEN bool_or(reader = 'facility') THEN bool_or(reader = 'facility' AND status = 'open')
                ELSE bool_or(provider = 'facility' AND status = 'open') END,
           bool_and(status <> 'open') FILTER (WHERE reader = 'therapist'),
           bool_and(status <> 'open') FILTER (WHERE reader = 'facility')
      FROM packet_standing(p, packet_count.facility_type, on_day) s
$$;

-- The open items of one provider (NULL: of all) as letters and tasks name them, longest lead first. `by`: the last weekday
-- on which it is early enough.
CREATE FUNCTION packet_open(p placement, facility_type text, on_day date, of_provider text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.item, 'title', s.title, 'ask', coalesce(s.ask, ''),
               'has_ask', s.ask IS NOT NULL, 'provider', s.provider,
               'with', CASE s.provider WHEN 'agency' THEN 'us' ELSE 'the ' || s.provider END, 'lead', s.lead_days,
               'takes', s.lead_days || CASE s.lead_days WHEN 1 THEN ' day' ELSE ' days' END, 'required', s.required,
               'confirms', s.again_if_moved, 'sent', s.status = 'sent',
               'since', coalesce(to_char(s.since, 'FMMonth FMDD, YYYY'), ''),
               'note', coalesce(s.note, ''), 'has_note', s.note IS NOT NULL,
               'by', coalesce(to_char(b.by, 'FMMonth FMDD, YYYY'), ''), 'has_by', coalesce(b.by > on_day, false),
               'soon', coalesce(b.by <= on_day, false), 'late', coalesce(p.start_on - on_day < s.lead_days, false))
               ORDER BY s.lead_days DESC, s.ordinal), '[]')
      FROM packet_standing(p, packet_open.facility_type, on_day) s,
           LATERAL (SELECT p.start_on - s.lead_days AS d) d,
           LATERAL (SELECT d.d - greatest(extract(isodow FROM d.d)::int - 5, 0) AS by) b
     WHERE s.is_open AND (of_provider IS NULL OR s.provider = of_provider)
$$;

-- The documents that go with a letter to one reader: of the packet those that are on no record yet, of a later letter those
-- that the reader still owes an answer to. A document of the therapist's own (ID.T-3) wins over the agency's.
CREATE FUNCTION packet_documents(p placement, facility_type text, therapist text, on_day date, to_reader text,
                                 of_packet boolean) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_build_object('id', coalesce(d.ext_id, s.document), 'title', s.title, 'name', d.file_name,
                                        'type', d.media_type, 'sha256', d.sha256) ORDER BY s.ordinal)
      FROM packet_standing(p, packet_documents.facility_type, on_day) s
      LEFT JOIN LATERAL (SELECT o.* FROM document o WHERE o.agency_id = p.agency_id
                            AND o.ext_id IN (s.document, s.document || '.' || therapist)
                          ORDER BY length(o.ext_id) DESC LIMIT 1) d ON true
     WHERE s.document IS NOT NULL AND s.reader = to_reader
       AND CASE WHEN of_packet THEN s.status = 'open' ELSE s.is_open AND s.provider = to_reader END
$$;

-- The letters of this room that went out, or may have.
CREATE VIEW packet_letter AS
    SELECT s.agency_id, s.subject_id, s.cycle, s.step, s.message_id, m.claimed_at
      FROM message_step s JOIN message m USING (agency_id, message_id)
     WHERE s.worker = 'onboarding_packet' AND m.state <> 'failed';

-- The start that a letter last named to this side ('therapist', 'facility'), not looking at the move `before` and those
-- after it (NULL: at all); NULL before its packet went. A move's letter has the start as its cycle.
CREATE FUNCTION packet_told(p placement, side text, before bigint) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT m.cycle FROM placement_start s
                       JOIN packet_letter m ON m.agency_id = s.agency_id AND m.subject_id = s.start_id
                        AND m.step = 'moved_' || side
                      WHERE s.agency_id = p.agency_id AND s.placement_id = p.placement_id
                        AND (before IS NULL OR s.start_id < before)
                      ORDER BY m.message_id DESC LIMIT 1),
                    (SELECT s.start_on FROM placement_start s
                      WHERE s.agency_id = p.agency_id AND s.placement_id = p.placement_id AND 'packet_' || side = ANY (s.told)
                      ORDER BY s.start_id LIMIT 1),
                    (SELECT p.start_on WHERE EXISTS (SELECT FROM packet_letter m WHERE m.agency_id = p.agency_id
                        AND m.subject_id = p.placement_id AND m.step = 'packet_' || side)))
$$;

-- Whether the count-down to the start has begun: the steps items_* of its ledger.
CREATE FUNCTION packet_counts_down(p placement, on_day date) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p.start_on > on_day AND EXISTS (
           SELECT FROM fired f WHERE f.agency_id = p.agency_id AND f.worker = 'onboarding_packet'
              AND f.subject_id = p.placement_id AND f.cycle = p.start_on AND starts_with(f.step, 'items_'))
$$;

-- What was written and called about a placement's packet, for a task's script.
CREATE FUNCTION packet_history(p placement, subject text, parties text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(to_char(h.at, 'FMMon FMDD') || ': ' || h.what, E'\n' ORDER BY h.at) FROM (
        SELECT m.claimed_at AS at, 'letter to the ' || replace(split_part(m.recipient, ':', 1), '_', ' ') || ' "'
               || m.subject_line || '", ' || m.state AS what
          FROM packet_letter s JOIN message m USING (agency_id, message_id)
         WHERE s.agency_id = p.agency_id AND s.subject_id = p.placement_id
        UNION ALL
        SELECT t.closed_at, t.title || ': ' || replace(coalesce(t.outcome, t.state), '_', ' ') || coalesce(', ' || t.note, '')
          FROM task t WHERE t.agency_id = p.agency_id AND t.party = ANY (parties) AND subject = ANY (t.subjects)
           AND t.state = 'done'
         ORDER BY 1 DESC LIMIT 12) h
$$;
