-- import_licenses.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO license AS t (agency_id, ext_id, therapist_id, state, type, number, issued_on, expires_on, status, status_on, ce_by, apply_by, renewal_opens, first_renewal)
    SELECT s.agency_id, s.license, t.therapist_id, s.state, s.type, s.number, s.issued_on::date, s.expires_on::date,
           coalesce(s.status, 'active'), s.status_on::date, s.ce_by::date, s.apply_by::date, s.renewal_opens::date,
           coalesce(s.first_renewal, 'false')::boolean
      FROM stage s JOIN therapist t ON t.agency_id = s.agency_id AND t.ext_id = s.therapist
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (therapist_id, state, type, number, issued_on, expires_on, status, status_on, ce_by, apply_by, renewal_opens, first_renewal) =
           (excluded.therapist_id, excluded.state, excluded.type, excluded.number, excluded.issued_on, excluded.expires_on, excluded.status, excluded.status_on, excluded.ce_by, excluded.apply_by, excluded.renewal_opens, excluded.first_renewal)
     WHERE (t.therapist_id, t.state, t.type, t.number, t.issued_on, t.expires_on, t.status, t.status_on, t.ce_by, t.apply_by, t.renewal_opens, t.first_renewal) IS DISTINCT FROM
           (excluded.therapist_id, excluded.state, excluded.type, excluded.number, excluded.issued_on, excluded.expires_on, excluded.status, excluded.status_on, excluded.ce_by, excluded.apply_by, excluded.renewal_opens, excluded.first_renewal)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
