-- Letters go out by windows, and each of a window's statements finds its rows by the key. Plans are made while an office
-- is new and its outbox empty; then any index that begins with agency_id looks as good as the key. Now none does beside it.
-- message_open was asked by nothing; it made each result a new entry in every index of the outbox, and while a
-- transaction was held open it kept an entry for each letter that ever was.
DROP INDEX message_open;
DROP INDEX message_by_party;
CREATE INDEX message_by_party ON message (party, claimed_at);
DROP INDEX message_step_of;
CREATE INDEX message_step_of ON message_step (message_id);
ALTER TABLE message DROP CONSTRAINT message_agency_id_internet_id_key;
ALTER TABLE message ADD UNIQUE (internet_id, agency_id);

-- With room on the page and the letter's bytes beside the row, the second writing, the result, is a few hundred bytes in
-- place.
ALTER TABLE message SET (fillfactor = 70, toast_tuple_target = 256);

-- The same chain as before: the head is looked for before it is made, and the events are put down by one statement.
CREATE OR REPLACE FUNCTION append_events(p_agency int, p_at timestamptz, p_actor text, p_kinds text[], p_abouts text[],
                                         p_details jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head   event_head;
    link   bytea;
    hashes bytea[];
    many   int := coalesce(cardinality(p_kinds), 0);
BEGIN
    SELECT * INTO head FROM event_head WHERE agency_id = p_agency FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO event_head VALUES (p_agency, 0, sha256('')) ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM event_head WHERE agency_id = p_agency FOR UPDATE;
    END IF;
    link := head.hash;
    FOR i IN 1 .. many LOOP
        link := event_hash(link, p_agency, head.seq + i, p_at, p_actor, p_kinds[i], p_abouts[i], p_details[i]);
        hashes[i] := link;
    END LOOP;
    INSERT INTO event
    SELECT p_agency, head.seq + e.place, p_at, p_actor, e.kind, e.about, e.detail, e.hash
      FROM unnest(p_kinds, p_abouts, p_details, hashes) WITH ORDINALITY AS e (kind, about, detail, hash, place);
    UPDATE event_head SET seq = head.seq + many, hash = link WHERE agency_id = p_agency;
END $$;
