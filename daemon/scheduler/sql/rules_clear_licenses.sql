-- rules_clear_licenses.sql: $1 agency; before the changed pack is written.
DELETE FROM license_rule WHERE agency_id = $1::int
