-- message_step_put.sql: the steps that a letter carries. A step of a letter that never left moves to the new one; a row
-- less than asked for means that another worker has it.
-- $1 agency $2 worker $3 subject ids $4 cycles $5 steps $6 subjects $7 recipient $8 message.
INSERT INTO message_step (agency_id, worker, subject_id, cycle, step, recipient, subject, message_id)
SELECT $1::int, $2, s.subject_id, s.cycle, s.step, $7, s.subject, $8::bigint
  FROM unnest($3::bigint[], $4::date[], $5::text[], $6::text[]) AS s (subject_id, cycle, step, subject)
    ON CONFLICT (agency_id, worker, subject_id, cycle, step, recipient) DO UPDATE
       SET message_id = excluded.message_id
     WHERE message_step.message_id = excluded.message_id
        OR (SELECT m.state FROM message m
             WHERE m.agency_id = message_step.agency_id AND m.message_id = message_step.message_id) = 'failed'
