-- import_therapists.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO therapist AS t (agency_id, ext_id, name, email, phone, timezone, recruiter_id, caqh_attested_on, insurance_expires_on)
    SELECT s.agency_id, s.therapist, s.name, s.email, s.phone, s.timezone, r.staff_id, s.caqh_attested_on::date,
           s.insurance_expires_on::date
      FROM stage s LEFT JOIN staff r ON r.agency_id = s.agency_id AND r.ext_id = s.recruiter
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (name, email, phone, timezone, recruiter_id, caqh_attested_on, insurance_expires_on) =
           (excluded.name, excluded.email, excluded.phone, excluded.timezone, excluded.recruiter_id, excluded.caqh_attested_on, excluded.insurance_expires_on)
     WHERE (t.name, t.email, t.phone, t.timezone, t.recruiter_id, t.caqh_attested_on, t.insurance_expires_on) IS DISTINCT FROM
           (excluded.name, excluded.email, excluded.phone, excluded.timezone, excluded.recruiter_id, excluded.caqh_attested_on, excluded.insurance_expires_on)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
