-- letter_key.sql: $1 agency; what its Message-IDs are made with.
SELECT letter_key FROM agency WHERE agency_id = $1::int
