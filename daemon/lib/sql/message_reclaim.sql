-- message_reclaim.sql: a letter whose claimant is gone, that failed, or whose outcome nobody knows, is ours now; no row
-- when another took it since it was looked at. $1 agency $2 message $3 who $4 now $5 whose it was.
UPDATE message SET state = 'sending', claimed_by = $3, claimed_at = $4::timestamptz
 WHERE agency_id = $1::int AND message_id = $2::bigint AND claimed_by = $5 AND state IN ('sending', 'failed', 'unknown')
