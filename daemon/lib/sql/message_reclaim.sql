-- message_reclaim.sql: a letter whose claimant is gone, or that failed, is ours now. $1 agency $2 message $3 who $4 now.
UPDATE message SET state = 'sending', claimed_by = $3, claimed_at = $4::timestamptz
 WHERE agency_id = $1::int AND message_id = $2::bigint AND state IN ('sending', 'failed')
