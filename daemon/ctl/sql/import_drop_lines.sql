-- import_drop_lines.sql: $1 lines that were refused.
DELETE FROM stage WHERE line = ANY ($1::int[])
