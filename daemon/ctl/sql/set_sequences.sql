-- set_sequences.sql: identity columns go on behind the largest value that was copied.
SELECT setval(pg_get_serial_sequence('staff', 'staff_id'), coalesce(max(staff_id), 0) + 1, false) FROM staff
UNION ALL SELECT setval(pg_get_serial_sequence('hold', 'hold_id'), coalesce(max(hold_id), 0) + 1, false) FROM hold
UNION ALL SELECT setval(pg_get_serial_sequence('job', 'job_id'),
                        greatest((SELECT coalesce(max(job_id), 0) FROM job), (SELECT coalesce(max(job_id), 0) FROM fired)) + 1,
                        false)
UNION ALL SELECT setval(pg_get_serial_sequence('message', 'message_id'), coalesce(max(message_id), 0) + 1, false) FROM message
UNION ALL SELECT setval(pg_get_serial_sequence('task', 'task_id'), coalesce(max(task_id), 0) + 1, false) FROM task
UNION ALL SELECT setval(pg_get_serial_sequence('placement_start', 'start_id'), coalesce(max(start_id), 0) + 1, false) FROM placement_start
UNION ALL SELECT setval(pg_get_serial_sequence('response', 'response_id'), coalesce(max(response_id), 0) + 1, false) FROM response
