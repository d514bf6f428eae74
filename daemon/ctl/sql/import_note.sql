-- import_note.sql: what came, for freshness. $1 entity $2 instant $3 digest $4 imported $5 updated $6 unchanged $7 refused;
-- one row for each agency of the file, or for $8 when the file was empty.
INSERT INTO import (agency_id, entity, at, digest, imported, updated, unchanged, refused)
SELECT a.agency_id, $1, $2::timestamptz, $3, $4::int, $5::int, $6::int, $7::int
  FROM (SELECT DISTINCT agency_id FROM stage UNION SELECT $8::int) a WHERE a.agency_id IS NOT NULL
RETURNING agency_id
