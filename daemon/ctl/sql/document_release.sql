-- document_release.sql: letters that wait for document $2 are looked at now; one of a therapist's own (ID.T-3) also stands in
-- for the agency's. $1 agency $3 now.
UPDATE job SET ready_at = $3::timestamptz
 WHERE agency_id = $1::int AND state = 'ready' AND ready_at > $3::timestamptz
   AND (starts_with(reason, 'document ' || $2 || ' ') OR starts_with(reason, 'document ' || split_part($2, '.', 1) || ' '))
