-- What comes back from letters, who may do what with the new tables, and what the planner wants to know.

-- Who suppressed an address, and what came back to us: each mail of the bounces' Maildir once, by its own bytes. A letter
-- that came back says so.
ALTER TABLE suppression ADD COLUMN placed_by text NOT NULL DEFAULT 'relay';
ALTER TABLE message ADD COLUMN returned text; -- why it came back, in the other side's words
CREATE TABLE bounce (
    agency_id  int  NOT NULL,               -- of the letter that came back; 0: no letter of ours
    digest     text NOT NULL,               -- SHA-256 of the mail
    outcome    text NOT NULL CHECK (outcome IN ('suppressed', 'undelivered', 'repeated', 'nothing', 'for people')),
    message_id bigint,
    at         timestamptz NOT NULL,
    PRIMARY KEY (agency_id, digest),
    FOREIGN KEY (agency_id, message_id) REFERENCES message
);

-- What the Message-IDs of an agency's letters are made with: who does not know it cannot forge a report about a letter.
ALTER TABLE agency ADD COLUMN letter_key text NOT NULL DEFAULT gen_random_uuid();

-- Letters may carry documents; lifting a suppression keeps its history in the event log. A record is corrected or ended, never
-- deleted; what came back came back.
GRANT SELECT ON subject TO ticklerd_app;
REVOKE DELETE ON therapist, license, ce_record, payer, placement, placement_start, panel_application, packet_item, document,
    response, rule_pack, bounce FROM ticklerd_app;
REVOKE UPDATE ON bounce FROM ticklerd_app;

-- A step's ordinal is its distance from the anchor, no longer its place in the file: so an edit of a ladder leaves what the
-- ledger says of the other steps as it is (daemon/lib/schedule_loading.h).
UPDATE step SET ordinal = n.ordinal
  FROM (SELECT agency_id, worker, step, place + row_number() OVER (PARTITION BY agency_id, worker, place ORDER BY ordinal) - 1
               AS ordinal
          FROM (SELECT *, 500000 + substring(at FROM '^[+-]?\d+')::int * CASE WHEN at LIKE '%bd' THEN 14 ELSE 10 END AS place
                  FROM step WHERE ordinal >= 0) p) n
 WHERE step.agency_id = n.agency_id AND step.worker = n.worker AND step.step = n.step;
UPDATE job SET ordinal = s.ordinal FROM step s
 WHERE s.agency_id = job.agency_id AND s.worker = job.worker AND s.step = job.step;
UPDATE fired SET ordinal = s.ordinal FROM step s
 WHERE s.agency_id = fired.agency_id AND s.worker = fired.worker AND s.step = fired.step;

-- After an import the planner has to know of it at once, and only a table's owner may take its statistics.
CREATE FUNCTION analyze_table(name regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN EXECUTE 'ANALYZE ' || name; END $$;
REVOKE EXECUTE ON FUNCTION analyze_table(regclass) FROM public;
GRANT EXECUTE ON FUNCTION analyze_table(regclass) TO ticklerd_app;

-- bill_to for every facility of an agency at once: the planner asks for all. The climb ends at whoever has an address.
-- SET keeps Postgres from unfolding it, whose guess at the climb would be far too high.
CREATE FUNCTION billers(agency int) RETURNS TABLE (facility_id bigint, type text, party_id bigint)
LANGUAGE sql STABLE ROWS 1000 SET search_path = public AS $$
    WITH RECURSIVE paying AS MATERIALIZED (
        SELECT DISTINCT c.facility_id FROM contact c
         WHERE c.agency_id = agency AND c.role = 'billing' AND c.email IS NOT NULL
    ), up AS (
        SELECT f.facility_id AS site, f.facility_id AS at, f.parent_id, p.facility_id IS NOT NULL AS pays, 0 AS level
          FROM facility f LEFT JOIN paying p USING (facility_id) WHERE f.agency_id = agency
        UNION ALL
        SELECT up.site, f.facility_id, f.parent_id, p.facility_id IS NOT NULL, level + 1
          FROM up JOIN facility f ON f.agency_id = agency AND f.facility_id = up.parent_id
          LEFT JOIN paying p USING (facility_id)
         WHERE NOT up.pays AND level < 4
    )
    SELECT f.facility_id, f.type, coalesce(u.at, f.facility_id)
      FROM facility f LEFT JOIN up u ON u.site = f.facility_id AND u.pays
     WHERE f.agency_id = agency
$$;

-- The planner writes the jobs of one agency it has just read, and agencies are never deleted: checking that for each of a
-- million jobs took as long as writing them.
ALTER TABLE job DROP CONSTRAINT job_agency_id_fkey;
