-- job_finish.sql: the verdict: the queue row goes, the ledger row comes. A job that is gone changes nothing; a step that
-- has its ledger row already refuses the statement (outbox_finish).
-- $1 job ids $2 outcomes (parallel) $3 reasons $4 now. `moot` and `held` leave no mark: a later plan may find them again.
WITH verdict AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS v (job_id, outcome, reason)
), gone AS (
    DELETE FROM job USING verdict v WHERE job.job_id = v.job_id RETURNING job.*, v.outcome, v.reason AS why
)
INSERT INTO fired (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, reason, nominal, at, subject)
SELECT agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, outcome, why, nominal, $4::timestamptz, subject
  FROM gone WHERE outcome IN ('done', 'superseded', 'never')
