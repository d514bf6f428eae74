-- why_holds.sql: holds on $2:$3 that are not released. $1 agency; $4 is not used.
SELECT h.ext_id AS hold, h.kind, h.from_on, h.until_on, h.reason, h.placed_by
  FROM hold h
  LEFT JOIN invoice i ON h.about = 'invoice' AND i.agency_id = h.agency_id AND i.invoice_id = h.subject_id
  LEFT JOIN facility f ON h.about = 'facility' AND f.agency_id = h.agency_id AND f.facility_id = h.subject_id
 WHERE h.agency_id = $1::int AND h.released_on IS NULL AND ($4::text IS NULL OR $4 IS NOT NULL)
   AND (($2 = 'invoice' AND (i.ext_id = $3 OR f.facility_id = (SELECT facility_id FROM invoice x
                              WHERE x.agency_id = $1::int AND x.ext_id = $3)))
        OR ($2 = 'facility' AND f.ext_id = $3))
 ORDER BY h.from_on
