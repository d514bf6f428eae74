-- migration_table.sql: the book of applied schema files.
CREATE TABLE IF NOT EXISTS migration (
    number     int PRIMARY KEY,
    name       text NOT NULL,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL
)
