-- message_step_put.sql: the steps that a window's letters carry. A step of a letter that never left moves to the new one; a
-- row less than asked for means that another worker has it.
-- Parallel lists of $1 agencies $3 subject ids $4 cycles $5 steps $6 subjects $7 recipients $8 messages; $2 worker.
INSERT INTO message_step (agency_id, worker, subject_id, cycle, step, recipient, subject, message_id)
SELECT s.agency, $2, s.subject_id, s.cycle, s.step, s.recipient, s.subject, s.message
  FROM unnest($1::int[], $3::bigint[], $4::date[], $5::text[], $6::text[], $7::text[], $8::bigint[])
       AS s (agency, subject_id, cycle, step, subject, recipient, message)
    ON CONFLICT (agency_id, worker, subject_id, cycle, step, recipient) DO UPDATE
       SET message_id = excluded.message_id
     WHERE message_step.message_id = excluded.message_id
        OR (SELECT m.state FROM message m
             WHERE m.agency_id = message_step.agency_id AND m.message_id = message_step.message_id) = 'failed'
