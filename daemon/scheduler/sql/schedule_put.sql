-- schedule_put.sql: $1 agency $2 worker $3 digest $4 now; touches a row only when the file has changed.
INSERT INTO schedule (agency_id, worker, digest, applied_at) VALUES ($1::int, $2, $3, $4::timestamptz)
    ON CONFLICT (agency_id, worker) DO UPDATE SET digest = excluded.digest, applied_at = excluded.applied_at
 WHERE schedule.digest <> excluded.digest
