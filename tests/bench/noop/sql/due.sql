-- due.sql of the no-op room (daemon/lib/rooms.h): rows of bench_subject, whose table the benchmark makes.
SELECT s.subject_id, 'noop:' || s.subject_id AS subject, s.due_on AS cycle, r.step, r.ordinal, s.party_id,
       'noop:' || s.party_id AS party, '' AS why
  FROM unnest($4::text[], $5::int[], $6::date[], $7::date[]) AS r (step, ordinal, latest, oldest)
  JOIN bench_subject s ON s.agency_id = $1::int AND s.due_on <= r.latest AND s.due_on >= coalesce(r.oldest, '-infinity')
 WHERE NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = s.agency_id AND f.worker = 'noop'
                      AND f.subject_id = s.subject_id AND f.cycle = s.due_on AND f.step = r.step)
