-- job_parties.sql: $1 job ids of a batch, a party's together; those still open, in the batch's order, with their party.
SELECT j.job_id, j.agency_id || ' ' || j.party_id || ' ' || j.party AS party
  FROM unnest($1::bigint[]) WITH ORDINALITY AS b (job_id, place) JOIN job j USING (job_id)
 WHERE j.state || '' = 'ready' -- by job_id: planned while the queue is empty, a scan of job_ready would look as good
 ORDER BY b.place
