-- import_panel_applications_check.sql: rows of stage that cannot be: line, column, reason.
SELECT s.line, 'therapist' AS "column", 'there is no therapist ''' || s.therapist || '''' AS reason
  FROM stage s LEFT JOIN therapist x ON x.agency_id = s.agency_id AND x.ext_id = s.therapist
 WHERE x.agency_id IS NULL
UNION ALL
SELECT s.line, 'payer' AS "column", 'there is no payer ''' || s.payer || '''' AS reason
  FROM stage s LEFT JOIN payer x ON x.agency_id = s.agency_id AND x.ext_id = s.payer
 WHERE x.agency_id IS NULL
UNION ALL
SELECT s.line, 'placement' AS "column", 'there is no placement ''' || s.placement || '''' AS reason
  FROM stage s LEFT JOIN placement x ON x.agency_id = s.agency_id AND x.ext_id = s.placement
 WHERE s.placement IS NOT NULL AND x.agency_id IS NULL
UNION ALL
SELECT s.line, 'placement', 'is of therapist ''' || o.ext_id || ''', not of ''' || s.therapist || ''''
  FROM stage s JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
  JOIN therapist o ON o.agency_id = p.agency_id AND o.therapist_id = p.therapist_id WHERE o.ext_id <> s.therapist
UNION ALL
SELECT line, 'submitted_on', 'is needed with status ' || status FROM stage
 WHERE status IN ('submitted', 'in_review', 'info_requested', 'approved', 'denied') AND submitted_on IS NULL
UNION ALL
SELECT line, 'status_on', 'is needed with status ' || status FROM stage
 WHERE status IN ('info_requested', 'approved', 'denied', 'withdrawn') AND status_on IS NULL
UNION ALL
SELECT line, 'status_on', 'is before submitted_on' FROM stage WHERE status_on::date < submitted_on::date
UNION ALL
SELECT line, 'revalidate_on', 'is before effective_on' FROM stage WHERE revalidate_on::date < effective_on::date
 ORDER BY 1
