-- import_therapists_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'recruiter' AS "column", 'there is no staff ''' || s.recruiter || '''' AS reason
  FROM stage s LEFT JOIN staff x ON x.agency_id = s.agency_id AND x.ext_id = s.recruiter
 WHERE s.recruiter IS NOT NULL AND x.agency_id IS NULL
 ORDER BY 1
