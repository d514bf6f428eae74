-- message_result.sql: what became of letters; only their claimant's word counts. $1 agencies $2 messages $3 states
-- $4 replies (parallel) $5 now $6 claimant. Answers those that were still his.
UPDATE message m SET state = v.state, reply = v.reply, sent_at = CASE WHEN v.state = 'sent' THEN $5::timestamptz END
  FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[]) AS v (agency_id, message_id, state, reply)
 WHERE m.agency_id = v.agency_id AND m.message_id = v.message_id AND m.state = 'sending' AND m.claimed_by = $6
RETURNING m.message_id
