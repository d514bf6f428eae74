-- runs.sql: nominal times: $1 agency $2 worker $3 state $4 since ($5 is not used).
SELECT worker, to_char(nominal, 'YYYY-MM-DD HH24:MI') AS nominal, state, planned AS "planned:int", reason
  FROM occurrence
 WHERE agency_id = $1::int AND ($2::text IS NULL OR worker = $2) AND ($3::text IS NULL OR state = $3)
   AND ($4::date IS NULL OR nominal >= $4::date) AND ($5::text IS NULL OR $5 IS NOT NULL)
 ORDER BY occurrence.nominal, worker
