-- occurrence_note.sql: one row per nominal time, the first writer's. $1 agency $2 worker $3 nominal $4 state $5 reason
-- $6 now $7 planned.
INSERT INTO occurrence (agency_id, worker, nominal, state, reason, at, planned)
VALUES ($1::int, $2, $3::timestamptz, $4, $5, $6::timestamptz, $7::int)
    ON CONFLICT DO NOTHING
