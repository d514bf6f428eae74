-- rules_put.sql: $1 agency $2 pack $3 digest $4 now; touches a row only when the file has changed.
INSERT INTO rule_pack (agency_id, name, digest, applied_at) VALUES ($1::int, $2, $3, $4::timestamptz)
    ON CONFLICT (agency_id, name) DO UPDATE SET digest = excluded.digest, applied_at = excluded.applied_at
 WHERE rule_pack.digest <> excluded.digest
