-- import_placements_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'therapist' AS "column", 'there is no therapist ''' || s.therapist || '''' AS reason
  FROM stage s LEFT JOIN therapist x ON x.agency_id = s.agency_id AND x.ext_id = s.therapist
 WHERE x.agency_id IS NULL
UNION ALL
SELECT s.line, 'facility' AS "column", 'there is no facility ''' || s.facility || '''' AS reason
  FROM stage s LEFT JOIN facility x ON x.agency_id = s.agency_id AND x.ext_id = s.facility
 WHERE x.agency_id IS NULL
UNION ALL
SELECT s.line, 'license' AS "column", 'there is no license ''' || s.license || '''' AS reason
  FROM stage s LEFT JOIN license x ON x.agency_id = s.agency_id AND x.ext_id = s.license
 WHERE s.license IS NOT NULL AND x.agency_id IS NULL
UNION ALL
SELECT s.line, 'license', 'belongs to therapist ''' || o.ext_id || ''', not to ''' || s.therapist || ''''
  FROM stage s JOIN license l ON l.agency_id = s.agency_id AND l.ext_id = s.license
  JOIN therapist o ON o.agency_id = l.agency_id AND o.therapist_id = l.therapist_id WHERE o.ext_id <> s.therapist
UNION ALL
SELECT s.line, 'payers', 'there is no payer ''' || p.word || ''''
  FROM stage s, LATERAL regexp_split_to_table(btrim(s.payers), '\s*;\s*') AS p (word)
 WHERE NOT EXISTS (SELECT FROM payer x WHERE x.agency_id = s.agency_id AND x.ext_id = p.word)
UNION ALL
SELECT line, 'start_on', 'is before offer_signed_on' FROM stage WHERE start_on::date < offer_signed_on::date
UNION ALL
SELECT line, 'end_on', 'is before start_on' FROM stage WHERE end_on::date < start_on::date
UNION ALL
SELECT line, 'start_on', 'is needed with status ' || status FROM stage WHERE status IN ('active', 'ended') AND start_on IS NULL
UNION ALL
SELECT line, 'end_on', 'is needed with status ended' FROM stage WHERE status = 'ended' AND end_on IS NULL
 ORDER BY 1
