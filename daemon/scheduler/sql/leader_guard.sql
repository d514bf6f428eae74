-- leader_guard.sql: $1 who $2 term; a row while that term is his. It stays so until his transaction ends.
SELECT FROM leader WHERE holder = $1 AND term = $2::bigint FOR SHARE
