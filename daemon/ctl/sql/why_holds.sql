-- why_holds.sql: holds on $2:$3, or on whom it belongs to, that are not released. $1 agency; $4 is not used.
WITH asked AS (
    SELECT s.subject_id FROM subject s WHERE s.agency_id = $1::int AND s.kind = $2 AND s.ext_id = $3
       AND ($4::text IS NULL OR $4 IS NOT NULL)
), about AS (
    SELECT $2 AS kind, subject_id FROM asked
    UNION ALL
    SELECT 'facility', i.facility_id FROM invoice i, asked WHERE $2 = 'invoice' AND i.agency_id = $1::int AND i.invoice_id = subject_id
    UNION ALL
    SELECT 'therapist', l.therapist_id FROM license l, asked WHERE $2 = 'license' AND l.agency_id = $1::int AND l.license_id = subject_id
    UNION ALL
    SELECT k.kind, CASE k.kind WHEN 'therapist' THEN p.therapist_id ELSE p.facility_id END
      FROM placement p, asked, (VALUES ('therapist'), ('facility')) AS k (kind)
     WHERE $2 = 'placement' AND p.agency_id = $1::int AND p.placement_id = subject_id
)
SELECT h.ext_id AS hold, h.about, h.kind, h.from_on, h.until_on, h.reason, h.placed_by
  FROM hold h JOIN about a ON h.about = a.kind AND h.subject_id = a.subject_id
 WHERE h.agency_id = $1::int AND h.released_on IS NULL
 ORDER BY h.from_on
