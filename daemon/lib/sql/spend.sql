-- spend.sql: one more of each scope of $2 on day $3, while under its cap in $4 (parallel lists); the scopes that had room.
-- In order, so that two of these do not wait for each other.
INSERT INTO spent (agency_id, scope, day, count)
SELECT $1::int, scope, $3::date, 1 FROM unnest($2::text[]) AS s (scope) ORDER BY scope
    ON CONFLICT (agency_id, scope, day) DO UPDATE SET count = spent.count + 1
     WHERE spent.count < (SELECT cap FROM unnest($2::text[], $4::int[]) AS c (scope, cap) WHERE c.scope = excluded.scope)
RETURNING scope
