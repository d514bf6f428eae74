-- document_put.sql: the document of an id; a new version replaces the old for later letters. Nothing when it is the same.
-- $1 agency $2 id $3 file name $4 media type $5 sha256 $6 size $7 now.
INSERT INTO document AS d (agency_id, ext_id, file_name, media_type, sha256, size, added_at)
VALUES ($1::int, $2, $3, $4, $5, $6::bigint, $7::timestamptz)
    ON CONFLICT (agency_id, ext_id) DO UPDATE
       SET (file_name, media_type, sha256, size, added_at) =
           (excluded.file_name, excluded.media_type, excluded.sha256, excluded.size, excluded.added_at)
     WHERE (d.file_name, d.sha256) <> (excluded.file_name, excluded.sha256)
RETURNING d.ext_id
