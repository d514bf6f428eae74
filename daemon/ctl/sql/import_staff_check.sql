-- import_staff_check.sql: rows of stage that cannot be: line, column, reason.
SELECT line, 'out_until' AS "column", 'is before out_from' AS reason FROM stage
 WHERE out_until::date < out_from::date
 ORDER BY 1
