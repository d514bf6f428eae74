-- leader_leave.sql: $1 who; the next one may begin at once.
UPDATE leader SET expires_at = 'epoch' WHERE holder = $1
