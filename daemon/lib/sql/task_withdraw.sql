-- task_withdraw.sql: $1 agency $2 task $3 reason $4 now; nothing when it is closed already.
UPDATE task SET state = 'withdrawn', outcome = 'withdrawn', note = $3, closed_at = $4::timestamptz
 WHERE agency_id = $1::int AND task_id = $2::bigint AND state IN ('open', 'taken', 'snoozed')
