-- job_ready.sql: a page of a room's ready jobs for the read-ahead, whole parties, the agencies' parties in turn.
-- $1 worker  $2 now  $3 agencies that have enough in hand  $4 $5 $6 parallel: agencies in the middle of their queue, and
-- the last ready_at and job_id read there  $7 heads a page  $8 how many of the newest besides  $9 jobs in all.
-- The heads are read in order of (ready_at, job_id); in the middle of a queue the newest come before them, so that what
-- somebody has just asked for need not wait for a large plan. The first party of each agency tells where its page ends:
-- an instant is slow to print. Every head brings all ready jobs of its party: by the index
-- on party_id, and no other can be taken (hence + 0 and || '', and no order): planned while the queue is empty, any would look as good.
WITH place AS MATERIALIZED (
    SELECT a.agency_id, coalesce(c.at, '-infinity') AS at, coalesce(c.id, 0) AS id
      FROM agency a LEFT JOIN unnest($4::int[], $5::timestamptz[], $6::bigint[]) AS c (agency_id, at, id) USING (agency_id)
     WHERE NOT (a.agency_id = ANY ($3::int[]))
), head AS MATERIALIZED (
    SELECT h.* FROM place p CROSS JOIN LATERAL (
        SELECT j.agency_id, j.ready_at, j.job_id, j.party_id, j.party FROM job j
         WHERE j.worker = $1 AND j.agency_id = p.agency_id AND j.state = 'ready' AND j.ready_at <= $2::timestamptz
           AND (j.ready_at, j.job_id) > (p.at, p.id)
         ORDER BY j.ready_at, j.job_id LIMIT $7::int) h
), newest AS (
    SELECT h.* FROM place p CROSS JOIN LATERAL (
        SELECT j.agency_id, j.party_id, j.party, j.job_id FROM job j
         WHERE j.worker = $1 AND j.agency_id = p.agency_id AND j.state = 'ready' AND j.ready_at <= $2::timestamptz
         ORDER BY j.ready_at DESC, j.job_id DESC LIMIT $8::int) h
     WHERE p.at > '-infinity'
), page AS (
    SELECT DISTINCT ON (agency_id) agency_id, ready_at AS last_at, job_id AS last_id,
           count(*) OVER (PARTITION BY agency_id) AS heads
      FROM head ORDER BY agency_id, ready_at DESC, job_id DESC
), party AS (
    SELECT agency_id, party_id, party, min(class) AS class, min(ready_at) AS ready_at, min(job_id) AS job_id
      FROM (SELECT agency_id, party_id, party, 1 AS class, ready_at, job_id FROM head
            UNION ALL SELECT agency_id, party_id, party, 0, NULL, job_id FROM newest) both_ends
     GROUP BY agency_id, party_id, party
), turns AS (
    SELECT *, row_number() OVER (PARTITION BY agency_id ORDER BY class, ready_at, job_id) AS turn FROM party
)
SELECT t.agency_id, t.party_id || ' ' || t.party AS party, j.job_id, j.starts,
       CASE WHEN t.turn = 1 THEN g.last_at END AS last_at, g.last_id, g.heads
  FROM turns t
  LEFT JOIN page g ON g.agency_id = t.agency_id
  CROSS JOIN LATERAL (
      SELECT j.job_id, j.starts FROM job j
       WHERE j.party_id = t.party_id AND j.agency_id + 0 = t.agency_id AND j.worker || '' = $1 AND j.party = t.party
         AND j.state || '' = 'ready' AND j.ready_at + interval '0' <= $2::timestamptz
       LIMIT $9::int) j
 ORDER BY t.turn, t.agency_id, j.job_id
 LIMIT $9::int
