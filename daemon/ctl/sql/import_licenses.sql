-- import_licenses.sql: upsert of stage on the agency's own id; answers imported, updated, total.
-- A row that is the same as at its last import says nothing new, and leaves what people recorded since.
WITH put AS (
    INSERT INTO license AS t (agency_id, ext_id, therapist_id, state, type, number, issued_on, expires_on, status,
                              status_on, ce_by, apply_by, renewal_opens, first_renewal, imported)
    SELECT r.*, md5(r::text) FROM (
        SELECT s.agency_id, s.license AS ext_id, t.therapist_id, s.state, s.type, s.number,
               s.issued_on::date AS issued_on, s.expires_on::date AS expires_on,
               coalesce(s.status, 'active') AS status, s.status_on::date AS status_on, s.ce_by::date AS ce_by,
               s.apply_by::date AS apply_by, s.renewal_opens::date AS renewal_opens,
               coalesce(s.first_renewal, 'false')::boolean AS first_renewal
          FROM stage s JOIN therapist t ON t.agency_id = s.agency_id AND t.ext_id = s.therapist
         ORDER BY s.line) r
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (therapist_id, state, type, number, issued_on, expires_on, status, status_on, ce_by, apply_by,
            renewal_opens, first_renewal, imported) =
           (excluded.therapist_id, excluded.state, excluded.type, excluded.number, excluded.issued_on,
            excluded.expires_on, excluded.status, excluded.status_on, excluded.ce_by, excluded.apply_by,
            excluded.renewal_opens, excluded.first_renewal, excluded.imported)
     WHERE t.imported IS DISTINCT FROM excluded.imported
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
