-- document_used.sql: $1 agency $2 id; by what it is used: an item of a packet names it, or names it for one therapist.
SELECT DISTINCT r.title FROM packet_rule r
 WHERE r.agency_id = $1::int AND (r.document = $2 OR (r.document = split_part($2, '.', 1)
       AND EXISTS (SELECT FROM therapist t WHERE t.agency_id = r.agency_id
                      AND t.ext_id = substr($2, length(r.document) + 2))))
