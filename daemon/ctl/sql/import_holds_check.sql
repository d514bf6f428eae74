-- import_holds_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'id' AS "column", 'there is no ' || s.about || ' ''' || s.id || '''' AS reason FROM stage s
 WHERE NOT EXISTS (SELECT FROM subject x WHERE x.agency_id = s.agency_id AND x.kind = s.about AND x.ext_id = s.id)
UNION ALL
SELECT line, 'until_on', 'is before from_on' FROM stage WHERE until_on::date < from_on::date
UNION ALL
SELECT line, 'until_on', 'is needed: a promise has a date' FROM stage WHERE kind = 'promise_to_pay' AND until_on IS NULL
 ORDER BY 1
