-- audit_verify.sql: $1 agency; the first event whose hash or number is not what follows from the one before, and whether
-- the last is the one that the head knows.
WITH chain AS (
    SELECT seq, hash, event_hash(lag(hash, 1, sha256('')) OVER (ORDER BY seq), agency_id, seq, at, actor, kind, about,
                                 detail) AS expected,
           row_number() OVER (ORDER BY seq) AS place
      FROM event WHERE agency_id = $1::int
)
SELECT (SELECT min(seq) FROM chain WHERE hash <> expected OR seq <> place) AS broken,
       (SELECT count(*) FROM chain) AS events, (SELECT seq FROM event_head WHERE agency_id = $1::int) AS head,
       coalesce((SELECT h.seq = coalesce(max(c.seq), 0) AND (h.seq = 0 OR bool_or(c.seq = h.seq AND c.hash = h.hash))
                   FROM event_head h LEFT JOIN chain c ON true WHERE h.agency_id = $1::int GROUP BY h.seq), true) AS tail
