-- import_placements.sql: upsert of stage on the agency's own id; answers imported, updated, total.
-- A row that is the same as at its last import says nothing new, and leaves what people recorded since.
WITH put AS (
    INSERT INTO placement AS t (agency_id, ext_id, therapist_id, facility_id, license_id, offer_signed_on, start_on,
                                end_on, status, insurance_billing, imported)
    SELECT r.*, md5(r::text) FROM (
        SELECT s.agency_id, s.placement AS ext_id, t.therapist_id, f.facility_id, l.license_id,
               s.offer_signed_on::date AS offer_signed_on, s.start_on::date AS start_on, s.end_on::date AS end_on,
               s.status, coalesce(s.insurance_billing, 'false')::boolean AS insurance_billing
          FROM stage s JOIN therapist t ON t.agency_id = s.agency_id AND t.ext_id = s.therapist
          JOIN facility f ON f.agency_id = s.agency_id AND f.ext_id = s.facility
          LEFT JOIN license l ON l.agency_id = s.agency_id AND l.ext_id = s.license
         ORDER BY s.line) r
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (therapist_id, facility_id, license_id, offer_signed_on, start_on, end_on, status, insurance_billing,
            imported) =
           (excluded.therapist_id, excluded.facility_id, excluded.license_id, excluded.offer_signed_on,
            excluded.start_on, excluded.end_on, excluded.status, excluded.insurance_billing, excluded.imported)
     WHERE t.imported IS DISTINCT FROM excluded.imported
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
