-- unspend.sql: parallel lists of $1 agencies, $2 scopes, $3 how many places of each on day $4 are given back.
UPDATE spent SET count = spent.count - w.surplus
  FROM unnest($1::int[], $2::text[], $3::int[]) AS w (agency, scope, surplus)
 WHERE spent.agency_id = w.agency AND spent.scope = w.scope AND spent.day = $4::date
