-- import_facilities_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'account_manager' AS "column", 'there is no staff ''' || s.account_manager || '''' AS reason
  FROM stage s WHERE s.account_manager IS NOT NULL
   AND NOT EXISTS (SELECT FROM staff x WHERE x.agency_id = s.agency_id AND x.ext_id = s.account_manager)
UNION ALL
SELECT s.line, 'parent', 'there is no facility ''' || s.parent || '''' FROM stage s WHERE s.parent IS NOT NULL
   AND NOT EXISTS (SELECT FROM facility x WHERE x.agency_id = s.agency_id AND x.ext_id = s.parent)
   AND NOT EXISTS (SELECT FROM stage x WHERE x.agency_id = s.agency_id AND x.facility = s.parent)
UNION ALL
SELECT s.line, 'parent', 'is the facility itself' FROM stage s WHERE s.parent = s.facility
 ORDER BY 1
