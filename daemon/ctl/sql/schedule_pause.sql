-- schedule_pause.sql: $1 agency $2 worker $3 who $4 now $5 digest.
INSERT INTO schedule (agency_id, worker, digest, applied_at, paused_by, paused_at)
VALUES ($1::int, $2, $5, $4::timestamptz, $3, $4::timestamptz)
    ON CONFLICT (agency_id, worker) DO UPDATE SET paused_by = excluded.paused_by, paused_at = excluded.paused_at
 WHERE schedule.paused_by IS NULL
