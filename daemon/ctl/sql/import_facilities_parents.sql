-- import_facilities_parents.sql: parents, once every facility of the file is there; answers how many only this changed.
WITH put AS (
    UPDATE facility f SET parent_id = p.facility_id
      FROM stage s JOIN facility o ON o.agency_id = s.agency_id AND o.ext_id = s.facility
      LEFT JOIN facility p ON p.agency_id = s.agency_id AND p.ext_id = s.parent
     WHERE f.agency_id = o.agency_id AND f.facility_id = o.facility_id AND o.parent_id IS DISTINCT FROM p.facility_id
    RETURNING o.xmin = pg_current_xact_id()::xid AS is_counted
)
SELECT count(*) FILTER (WHERE NOT is_counted) AS updated FROM put
