-- import_responses.sql: upsert of stage on the agency's own id; answers imported, updated, total.
WITH put AS (
    INSERT INTO response AS t (agency_id, ext_id, about, subject_id, given_by, received_on, score, answers)
    SELECT s.agency_id, s.response, s.about, x.subject_id, s.by, s.received_on::date, s.score::int, s.answers
      FROM stage s JOIN subject x ON x.agency_id = s.agency_id AND x.kind = s.about AND x.ext_id = s.id
     ORDER BY s.line
        ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (about, subject_id, given_by, received_on, score, answers) =
           (excluded.about, excluded.subject_id, excluded.given_by, excluded.received_on, excluded.score, excluded.answers)
     WHERE (t.about, t.subject_id, t.given_by, t.received_on, t.score, t.answers) IS DISTINCT FROM
           (excluded.about, excluded.subject_id, excluded.given_by, excluded.received_on, excluded.score, excluded.answers)
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS imported, count(*) FILTER (WHERE NOT is_new) AS updated,
       (SELECT count(*) FROM stage) AS total
  FROM put
