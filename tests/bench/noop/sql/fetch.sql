-- fetch.sql of the no-op room: the standard columns (daemon/lib/room.h) and nothing else.
WITH asked AS (SELECT $2::date, $3::bigint, $4::jsonb)
SELECT j.job_id, j.agency_id, j.subject_id, j.subject, j.party_id, j.party, j.cycle, j.step, j.ordinal, j.tries,
       '' AS variant, NULL::text AS held, 'UTC' AS zone, '' AS from_name, NULL::text AS reply_to,
       EXISTS (SELECT FROM fired f WHERE f.agency_id = j.agency_id AND f.worker = j.worker
                  AND f.subject_id = j.subject_id AND f.cycle = j.cycle AND f.step = j.step) AS fired
  FROM job j
 WHERE j.job_id = ANY ($1::bigint[]) AND j.state || '' = 'ready'
 ORDER BY j.agency_id, j.party_id, j.subject_id
