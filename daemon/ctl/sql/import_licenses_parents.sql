-- import_licenses_parents.sql: what depends on what, once all licenses of the file stand; answers how many only this changed.
WITH put AS (
    UPDATE license l SET depends_on_id = p.license_id
      FROM stage s JOIN license o ON o.agency_id = s.agency_id AND o.ext_id = s.license
      LEFT JOIN license p ON p.agency_id = s.agency_id AND p.ext_id = s.depends_on
     WHERE l.agency_id = o.agency_id AND l.license_id = o.license_id AND o.depends_on_id IS DISTINCT FROM p.license_id
    RETURNING o.xmin = pg_current_xact_id()::xid AS is_counted
)
SELECT count(*) FILTER (WHERE NOT is_counted) AS updated FROM put
