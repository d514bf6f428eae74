-- documents.sql: $1 agency; the documents in the store, and those that a packet asks for and nobody has added.
SELECT d.ext_id AS document, d.file_name AS file, d.media_type AS type, d.size, d.sha256,
       to_char(d.added_at, 'YYYY-MM-DD') AS added_on
  FROM document d WHERE d.agency_id = $1::int
UNION ALL
SELECT DISTINCT r.document, NULL, NULL, NULL::bigint, NULL, NULL
  FROM packet_rule r
 WHERE r.agency_id = $1::int AND r.document IS NOT NULL
   AND NOT EXISTS (SELECT FROM document d WHERE d.agency_id = r.agency_id AND d.ext_id = r.document)
 ORDER BY 1
