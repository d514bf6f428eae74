-- import_licenses_check.sql: rows of stage that cannot be: line, column, reason.
WITH RECURSIVE edge AS MATERIALIZED ( -- what will depend on what: the file's word wins over the record's
    SELECT agency_id, license, depends_on FROM stage WHERE depends_on IS NOT NULL
    UNION ALL
    SELECT l.agency_id, l.ext_id, p.ext_id
      FROM license l JOIN license p ON p.agency_id = l.agency_id AND p.license_id = l.depends_on_id
     WHERE EXISTS (SELECT FROM stage WHERE depends_on IS NOT NULL)
       AND NOT EXISTS (SELECT FROM stage s WHERE s.agency_id = l.agency_id AND s.license = l.ext_id)
), walk AS (
    SELECT s.line, s.agency_id, s.license, s.depends_on AS at, 1 AS steps FROM stage s WHERE s.depends_on <> s.license
    UNION ALL
    SELECT w.line, w.agency_id, w.license, e.depends_on, w.steps + 1
      FROM walk w JOIN edge e ON e.agency_id = w.agency_id AND e.license = w.at
     WHERE w.at <> w.license AND w.steps < 20
)
SELECT s.line, 'therapist' AS "column", 'there is no therapist ''' || s.therapist || '''' AS reason
  FROM stage s LEFT JOIN therapist x ON x.agency_id = s.agency_id AND x.ext_id = s.therapist
 WHERE x.agency_id IS NULL
UNION ALL
SELECT line, 'expires_on', 'is before issued_on' FROM stage WHERE expires_on::date < issued_on::date
UNION ALL
-- A lapse has its day: the expiry.
SELECT line, 'status_on', 'is needed with status ' || status FROM stage
 WHERE status IN ('renewal_submitted', 'renewed', 'surrendered') AND status_on IS NULL
UNION ALL
SELECT line, 'status_on', 'is before issued_on' FROM stage WHERE status_on::date < issued_on::date
UNION ALL
SELECT s.line, 'depends_on', 'there is no license ''' || s.depends_on || ''''
  FROM stage s LEFT JOIN license x ON x.agency_id = s.agency_id AND x.ext_id = s.depends_on
  LEFT JOIN stage y ON y.agency_id = s.agency_id AND y.license = s.depends_on
 WHERE s.depends_on IS NOT NULL AND x.agency_id IS NULL AND y.license IS NULL
UNION ALL
SELECT s.line, 'depends_on', 'belongs to therapist ''' || coalesce(y.therapist, t.ext_id) || ''', not to ''' || s.therapist || ''''
  FROM stage s LEFT JOIN stage y ON y.agency_id = s.agency_id AND y.license = s.depends_on
  LEFT JOIN license x ON x.agency_id = s.agency_id AND x.ext_id = s.depends_on
  LEFT JOIN therapist t ON t.agency_id = x.agency_id AND t.therapist_id = x.therapist_id
 WHERE s.depends_on IS NOT NULL AND coalesce(y.therapist, t.ext_id) <> s.therapist
UNION ALL
SELECT line, 'depends_on', 'is the license itself' FROM stage WHERE depends_on = license
UNION ALL
SELECT line, 'depends_on', 'goes round in a circle: ''' || license || ''' would depend on itself'
  FROM walk WHERE at = license
UNION ALL
SELECT line, 'ce_by', 'is after expires_on' FROM stage WHERE ce_by::date > expires_on::date
UNION ALL
SELECT line, 'apply_by', 'is after expires_on' FROM stage WHERE apply_by::date > expires_on::date
UNION ALL
SELECT line, 'ce_by', 'is over ten years before expires_on' FROM stage WHERE ce_by::date < expires_on::date - 3653
UNION ALL
SELECT line, 'apply_by', 'is over ten years before expires_on' FROM stage WHERE apply_by::date < expires_on::date - 3653
UNION ALL
SELECT line, 'renewal_opens', 'is after expires_on' FROM stage WHERE renewal_opens::date > expires_on::date
UNION ALL
SELECT s.line, 'therapist', 'placement ''' || p.ext_id || ''' of therapist ''' || o.ext_id || ''' rests on this license'
  FROM stage s JOIN license l ON l.agency_id = s.agency_id AND l.ext_id = s.license
  JOIN therapist o ON o.agency_id = l.agency_id AND o.therapist_id = l.therapist_id AND o.ext_id <> s.therapist
  JOIN placement p ON p.agency_id = l.agency_id AND p.license_id = l.license_id
 ORDER BY 1
