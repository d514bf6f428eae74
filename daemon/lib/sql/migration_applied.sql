-- migration_applied.sql: what this database has.
SELECT number, name, digest FROM migration ORDER BY number
