-- set_sequences.sql: identity columns go on behind the largest value that was copied; a job's also behind the ledger's.
DO $$ DECLARE
    own record;
    largest bigint;
BEGIN
    FOR own IN SELECT table_name, column_name FROM information_schema.columns
                WHERE table_schema = 'public' AND is_identity = 'YES' LOOP
        EXECUTE format('SELECT coalesce(max(%I), 0) FROM %I', own.column_name, own.table_name) INTO largest;
        IF own.column_name = 'job_id' THEN
            largest := greatest(largest, (SELECT max(job_id) FROM fired));
        END IF;
        PERFORM setval(pg_get_serial_sequence(own.table_name, own.column_name), largest + 1, false);
    END LOOP;
END $$
