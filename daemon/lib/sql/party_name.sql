-- party_name.sql: $1 agency $2 "facility:F-12": how people call it.
SELECT coalesce(party_name($1::int, $2), $2) AS name
