-- import_licenses_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'therapist' AS "column", 'there is no therapist ''' || s.therapist || '''' AS reason
  FROM stage s LEFT JOIN therapist x ON x.agency_id = s.agency_id AND x.ext_id = s.therapist
 WHERE s.therapist IS NOT NULL AND x.agency_id IS NULL
UNION ALL
SELECT line, 'expires_on', 'is before issued_on' FROM stage WHERE expires_on::date < issued_on::date
UNION ALL
SELECT line, 'status_on', 'is needed with status ' || status FROM stage
 WHERE status IN ('renewal_submitted', 'renewed') AND status_on IS NULL
UNION ALL
SELECT s.line, 'depends_on', 'there is no license ''' || s.depends_on || '''' FROM stage s WHERE s.depends_on IS NOT NULL
   AND NOT EXISTS (SELECT FROM license x WHERE x.agency_id = s.agency_id AND x.ext_id = s.depends_on)
   AND NOT EXISTS (SELECT FROM stage x WHERE x.agency_id = s.agency_id AND x.license = s.depends_on)
UNION ALL
SELECT line, 'depends_on', 'is the license itself' FROM stage WHERE depends_on = license
UNION ALL
SELECT line, 'ce_by', 'is after expires_on' FROM stage WHERE ce_by::date > expires_on::date
UNION ALL
SELECT line, 'apply_by', 'is after expires_on' FROM stage WHERE apply_by::date > expires_on::date
UNION ALL
SELECT line, 'renewal_opens', 'is after expires_on' FROM stage WHERE renewal_opens::date > expires_on::date
 ORDER BY 1
