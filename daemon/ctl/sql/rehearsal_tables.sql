-- rehearsal_tables.sql: every table that holds the office's data or the engine's history, with the columns that can be
-- written. The leader's term belongs to the live scheduler.
SELECT quote_ident(c.relname) AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname NOT IN ('migration', 'leader')
 GROUP BY c.relname ORDER BY c.relname
