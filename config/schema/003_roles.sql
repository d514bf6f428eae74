-- Least privilege: ticklerd_owner owns the schema and migrates; ticklerd_app is what the daemons and `tickler` use.
-- It may not change the schema, nor rewrite the ledger or the event log.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ticklerd_app') THEN
        CREATE ROLE ticklerd_app LOGIN;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO ticklerd_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ticklerd_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ticklerd_app;
REVOKE UPDATE, DELETE ON fired, event FROM ticklerd_app;
-- The ledger is reached through its parent only: a partition's own grants would be a way around.
DO $$ DECLARE part regclass; BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'fired'::regclass LOOP
        EXECUTE format('REVOKE ALL ON %s FROM ticklerd_app', part);
    END LOOP;
END $$;
REVOKE DELETE ON message, message_step, task, import FROM ticklerd_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ticklerd_app;
