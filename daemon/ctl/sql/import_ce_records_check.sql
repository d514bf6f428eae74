-- import_ce_records_check.sql: rows of stage that cannot be: line, column, reason. Hours come as hundredths.
SELECT s.line, 'license' AS "column", 'there is no license ''' || s.license || '''' AS reason
  FROM stage s LEFT JOIN license x ON x.agency_id = s.agency_id AND x.ext_id = s.license
 WHERE x.agency_id IS NULL
UNION ALL
SELECT line, 'hours', 'must be more than zero' FROM stage WHERE hours::numeric <= 0
UNION ALL
SELECT line, 'hours', 'is more than 500; one row is one course' FROM stage WHERE hours::numeric > 50000
UNION ALL
SELECT s.line, 'completed_on', 'is after the cycle of the license, which ends on ' || l.expires_on
  FROM stage s JOIN license l ON l.agency_id = s.agency_id AND l.ext_id = s.license WHERE s.completed_on::date > l.expires_on
 ORDER BY 1
