-- leader_take.sql: $1 who, $2 now, $3 until, $4 the holder is known to be dead. Renews our own term, or begins a new one
-- when the last has run out.
INSERT INTO leader (term, holder, expires_at) VALUES (1, $1, $3::timestamptz)
    ON CONFLICT (only_row) DO UPDATE
   SET term = leader.term + (leader.holder <> excluded.holder)::int, holder = excluded.holder,
       expires_at = excluded.expires_at
 WHERE leader.holder = excluded.holder OR leader.expires_at < $2::timestamptz OR $4::boolean
RETURNING term
