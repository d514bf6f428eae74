-- migration_note.sql: $1 number, $2 name, $3 digest, $4 instant.
INSERT INTO migration (number, name, digest, applied_at) VALUES ($1, $2, $3, $4)
