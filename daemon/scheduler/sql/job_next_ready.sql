-- job_next_ready.sql: when the earliest waiting job becomes ready.
SELECT min(ready_at) AS ready_at FROM job WHERE state = 'ready'
