-- import_agency_check.sql: rows without an agency: line, column, reason.
SELECT line, 'agency' AS "column", CASE WHEN agency IS NULL THEN 'is needed: the database holds more than one agency'
                                        ELSE 'there is no agency ''' || agency || '''' END AS reason
  FROM stage WHERE agency_id IS NULL ORDER BY 1
