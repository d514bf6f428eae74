-- spend_window.sql: a window's letters in the day's counts: parallel lists of $1 agencies, $2 scopes, $3 how many places are
-- wanted, all on day $4; answers each count after them. The rows stay locked until the window commits, so whoever finds a
-- count above its cap gives back what is too much (unspend.sql) before another sees it. In order, so that two of
-- these do not wait for each other; a deadlock over what else a transaction holds is Postgres' to end, and tried again.
INSERT INTO spent (agency_id, scope, day, count)
SELECT agency, scope, $4::date, wanted FROM unnest($1::int[], $2::text[], $3::int[]) AS w (agency, scope, wanted)
 ORDER BY agency, scope
    ON CONFLICT (agency_id, scope, day) DO UPDATE SET count = spent.count + excluded.count
RETURNING agency_id, scope, count
