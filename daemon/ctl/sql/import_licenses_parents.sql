-- import_licenses_parents.sql: what depends on what, once all licenses of the file stand.
UPDATE license l SET depends_on_id = p.license_id
  FROM stage s LEFT JOIN license p ON p.agency_id = s.agency_id AND p.ext_id = s.depends_on
 WHERE l.agency_id = s.agency_id AND l.ext_id = s.license AND l.depends_on_id IS DISTINCT FROM p.license_id
