-- spend.sql: one more of $2 (scope) on $3, while under the cap $4; no row when the cap is reached.
INSERT INTO spent (agency_id, scope, day, count) VALUES ($1::int, $2, $3::date, 1)
    ON CONFLICT (agency_id, scope, day) DO UPDATE SET count = spent.count + 1 WHERE spent.count < $4::int
