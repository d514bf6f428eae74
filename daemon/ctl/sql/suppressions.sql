-- suppressions.sql: $1 agency; addresses that nobody writes to, why, since when, by whom, and whose they are.
SELECT x.address, x.reason, to_char(x.since, 'YYYY-MM-DD') AS since, x.placed_by AS by,
       (SELECT string_agg(DISTINCT whose, ', ') FROM (
            SELECT 'facility:' || f.ext_id || ' ' || c.role AS whose
              FROM contact c JOIN facility f USING (agency_id, facility_id)
             WHERE c.agency_id = x.agency_id AND lower(c.email) = x.address
            UNION ALL SELECT 'therapist:' || ext_id FROM therapist WHERE agency_id = x.agency_id AND lower(email) = x.address
            UNION ALL SELECT 'payer:' || ext_id FROM payer WHERE agency_id = x.agency_id AND lower(email) = x.address
            UNION ALL SELECT 'staff:' || ext_id FROM staff WHERE agency_id = x.agency_id AND lower(email) = x.address) o) AS whose
  FROM suppression x WHERE x.agency_id = $1::int
 ORDER BY x.since, x.address
