-- unspend.sql: gives one of each scope of $2 on day $3 back.
UPDATE spent SET count = count - 1 WHERE agency_id = $1::int AND scope = ANY ($2::text[]) AND day = $3::date
