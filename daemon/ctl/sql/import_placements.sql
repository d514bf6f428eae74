-- import_placements.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO placement AS t (agency_id, ext_id, therapist_id, facility_id, license_id, offer_signed_on, start_on, end_on, status, insurance_billing)
    SELECT s.agency_id, s.placement, t.therapist_id, f.facility_id, l.license_id, s.offer_signed_on::date, s.start_on::date,
           s.end_on::date, s.status, coalesce(s.insurance_billing, 'false')::boolean
      FROM stage s JOIN therapist t ON t.agency_id = s.agency_id AND t.ext_id = s.therapist
      JOIN facility f ON f.agency_id = s.agency_id AND f.ext_id = s.facility
      LEFT JOIN license l ON l.agency_id = s.agency_id AND l.ext_id = s.license
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (therapist_id, facility_id, license_id, offer_signed_on, start_on, end_on, status, insurance_billing) =
           (excluded.therapist_id, excluded.facility_id, excluded.license_id, excluded.offer_signed_on, excluded.start_on, excluded.end_on, excluded.status, excluded.insurance_billing)
     WHERE (t.therapist_id, t.facility_id, t.license_id, t.offer_signed_on, t.start_on, t.end_on, t.status, t.insurance_billing) IS DISTINCT FROM
           (excluded.therapist_id, excluded.facility_id, excluded.license_id, excluded.offer_signed_on, excluded.start_on, excluded.end_on, excluded.status, excluded.insurance_billing)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
