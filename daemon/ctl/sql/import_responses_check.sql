-- import_responses_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'id' AS "column", 'there is no ' || s.about || ' ''' || s.id || '''' AS reason FROM stage s
 WHERE NOT EXISTS (SELECT FROM subject x WHERE x.agency_id = s.agency_id AND x.kind = s.about AND x.ext_id = s.id)
UNION ALL
SELECT line, 'score', 'is from 0 to 10' FROM stage WHERE score::int > 10
UNION ALL
SELECT line, 'by', 'is therapist or facility for a placement' FROM stage
 WHERE about = 'placement' AND by NOT IN ('therapist', 'facility')
 ORDER BY 1
