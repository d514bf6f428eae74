-- step_put.sql: $1 agency $2 worker $3 step $4 ordinal $5 at.
INSERT INTO step (agency_id, worker, step, ordinal, at) VALUES ($1::int, $2, $3, $4::int, $5)
