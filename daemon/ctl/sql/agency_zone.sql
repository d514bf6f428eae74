-- agency_zone.sql: $1 agency.
SELECT timezone FROM agency WHERE agency_id = $1::int
