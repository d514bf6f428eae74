-- append_events.sql: $1 agency, $2 instant, $3 actor, $4 kinds, $5 abouts, $6 details: parallel lists.
SELECT append_events($1::int, $2::timestamptz, $3, $4::text[], $5::text[], $6::jsonb[])
