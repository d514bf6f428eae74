-- import_contacts_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'facility' AS "column", 'there is no facility ''' || s.facility || '''' AS reason FROM stage s
 WHERE NOT EXISTS (SELECT FROM facility x WHERE x.agency_id = s.agency_id AND x.ext_id = s.facility)
 ORDER BY 1
