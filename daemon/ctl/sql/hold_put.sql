-- hold_put.sql: $1 agency $2 about $3 subject $4 kind $5 from $6 until $7 amount $8 reason $9 who.
INSERT INTO hold (agency_id, ext_id, about, subject_id, kind, from_on, until_on, amount_cents, reason, placed_by)
SELECT $1::int, 'H-' || (SELECT coalesce(max(substring(ext_id FROM '^H-([0-9]{1,9})$')::int), 0) + 1 FROM hold
                          WHERE agency_id = $1::int),
       $2, $3::bigint, $4, $5::date, $6::date, $7::bigint, $8, $9
