-- import_panel_applications.sql: upsert of stage on the agency's own id; answers imported, updated, total.
-- A row that is the same as at its last import says nothing new, and leaves what people recorded since.
WITH put AS (
    INSERT INTO panel_application AS t (agency_id, ext_id, therapist_id, payer_id, placement_id, submitted_on, status,
                                        status_on, effective_on, revalidate_on, reference, imported)
    SELECT r.*, md5(r::text) FROM (
        SELECT s.agency_id, s.application AS ext_id, t.therapist_id, y.payer_id, p.placement_id,
               s.submitted_on::date AS submitted_on, s.status, s.status_on::date AS status_on,
               s.effective_on::date AS effective_on, s.revalidate_on::date AS revalidate_on, s.reference
          FROM stage s JOIN therapist t ON t.agency_id = s.agency_id AND t.ext_id = s.therapist
          JOIN payer y ON y.agency_id = s.agency_id AND y.ext_id = s.payer
          LEFT JOIN placement p ON p.agency_id = s.agency_id AND p.ext_id = s.placement
         ORDER BY s.line) r
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (therapist_id, payer_id, placement_id, submitted_on, status, status_on, effective_on, revalidate_on,
            reference, imported) =
           (excluded.therapist_id, excluded.payer_id, excluded.placement_id, excluded.submitted_on, excluded.status,
            excluded.status_on, excluded.effective_on, excluded.revalidate_on, excluded.reference, excluded.imported)
     WHERE t.imported IS DISTINCT FROM excluded.imported
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
