-- import_analyze.sql: fresh statistics of table $1.
SELECT analyze_table($1::regclass)
