-- What a letter's history, and the sites that a parent pays for, are looked up by. Each begins with the column that tells
-- them apart, so that no other index looks as good while a table is small or its statistics are old.
CREATE INDEX task_closed_of_party ON task (party) WHERE closed_at IS NOT NULL;
CREATE INDEX facility_of_parent ON facility (parent_id) WHERE parent_id IS NOT NULL;

-- invoice_balance and invoice_held as a table of one row, which Postgres unfolds into the question that asks it; a call of
-- each for every row costs several times the two look-ups.
CREATE FUNCTION invoice_standing(agency int, invoice bigint, facility bigint, amount bigint, on_day date)
RETURNS TABLE (balance bigint, held text) LANGUAGE sql STABLE AS $$
    SELECT amount - coalesce((SELECT sum(y.effect_cents) FROM payment y
                               WHERE y.agency_id = agency AND y.invoice_id = invoice AND y.received_on <= on_day), 0)::bigint,
           (SELECT h.kind || ': ' || h.reason FROM hold h
             WHERE h.agency_id = agency AND ((h.about = 'invoice' AND h.subject_id = invoice) OR
                                             (h.about = 'facility' AND h.subject_id = facility))
               AND h.from_on <= on_day AND (h.until_on IS NULL OR h.until_on >= on_day)
               AND (h.released_on IS NULL OR h.released_on > on_day)
             ORDER BY h.hold_id LIMIT 1)
$$;

-- Agencies are never deleted: to look one up for each letter and each event cost more than writing the row, and two
-- workers that lock its row at once make Postgres keep a list of them.
ALTER TABLE message DROP CONSTRAINT message_agency_id_fkey;
ALTER TABLE event DROP CONSTRAINT event_agency_id_fkey;
REVOKE DELETE ON agency, event_head FROM ticklerd_app;

-- A letter is a few thousand bytes of text: lz4 packs them in a tenth of the time. Not every Postgres is built with it.
DO $$
BEGIN
    ALTER TABLE message ALTER COLUMN letter SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
