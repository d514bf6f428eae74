-- is_suppressed.sql: parallel lists of $1 agencies and $2 addresses: the places (from 1) of those to whom nobody writes any
-- more.
SELECT w.place FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS w (agency, address, place)
 WHERE EXISTS (SELECT FROM suppression s WHERE s.agency_id = w.agency AND s.address = lower(w.address))
