-- job_ready.sql: the next ready jobs of a room, whole parties, agencies taking turns.
-- $1 worker, $2 now, $3 jobs in flight, $4 how many at least.
WITH head AS (
    SELECT h.agency_id, h.party_id, h.party, min(h.job_id) AS first
      FROM agency a CROSS JOIN LATERAL (
          SELECT j.agency_id, j.party_id, j.party, j.job_id FROM job j
           WHERE j.worker = $1 AND j.agency_id = a.agency_id AND j.state = 'ready' AND j.ready_at <= $2::timestamptz
             AND NOT (j.job_id = ANY ($3::bigint[]))
           ORDER BY j.ready_at, j.job_id LIMIT $4::int) h
     GROUP BY h.agency_id, h.party_id, h.party
), turns AS (
    SELECT *, row_number() OVER (PARTITION BY agency_id ORDER BY first) AS turn FROM head
)
SELECT j.job_id, j.starts, j.agency_id || ' ' || j.party_id || ' ' || j.party AS party
  FROM turns t JOIN job j ON j.agency_id = t.agency_id AND j.worker = $1 AND j.party_id = t.party_id AND j.party = t.party
 WHERE j.state = 'ready' AND j.ready_at <= $2::timestamptz AND NOT (j.job_id = ANY ($3::bigint[]))
 ORDER BY t.turn, t.agency_id, t.first, j.job_id
 LIMIT 2 * $4::int
