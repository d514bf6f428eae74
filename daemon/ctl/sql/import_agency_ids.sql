-- import_agency_ids.sql: the agency of each row: its own column, else $1 (NULL: there must be a column).
UPDATE stage s SET agency_id = coalesce((SELECT a.agency_id FROM agency a WHERE a.ext_id = s.agency), $1::int)
 WHERE s.agency IS NULL OR EXISTS (SELECT FROM agency a WHERE a.ext_id = s.agency)
