-- job_next_ready.sql: when the earliest waiting job of these rooms ($1) becomes ready.
SELECT min(ready_at) AS ready_at FROM job WHERE state = 'ready' AND worker = ANY ($1::text[])
