-- why_runs.sql: the nominal times of a day ($4). $1 agency; $2 and $3 are not used.
SELECT worker, to_char(nominal, 'YYYY-MM-DD HH24:MI') AS nominal, state, planned AS "planned:int", reason
  FROM occurrence WHERE agency_id = $1::int AND occurrence.nominal::date = $4::date
   AND $2::text IS NOT NULL AND $3::text IS NOT NULL
 ORDER BY occurrence.nominal
