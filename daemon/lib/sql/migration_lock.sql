-- migration_lock.sql: one migrator at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(7452301)
