-- unspend.sql: gives one back.
UPDATE spent SET count = count - 1 WHERE agency_id = $1::int AND scope = $2 AND day = $3::date
