-- import_facilities_parents.sql: parents, once every facility of the file is there.
UPDATE facility f SET parent_id = p.facility_id
  FROM stage s LEFT JOIN facility p ON p.agency_id = s.agency_id AND p.ext_id = s.parent
 WHERE f.agency_id = s.agency_id AND f.ext_id = s.facility AND f.parent_id IS DISTINCT FROM p.facility_id
