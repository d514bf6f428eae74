-- rehearsal_leftovers.sql: copies that a killed rehearsal left; nobody is connected to them.
SELECT quote_ident(datname) AS name FROM pg_database d
 WHERE datname LIKE 'rehearsal\_%' AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)
