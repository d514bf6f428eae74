/*
 * db.h: Postgres. Only the files db*.c know libpq.
 *
 * Every question is a .sql file embedded at build time; values travel as $n text parameters, lists as arrays. A
 * statement is prepared the first time a connection runs it. Errors carry Postgres' own words and its SQLSTATE; after
 * a lost connection the code is DB_LOST, and so it is while the server cannot work (read-only, its disk full, no
 * connection free); what became of a COMMIT without an answer is asked of Postgres (db_commit).
 */
#pragma once

#include <glib.h>

#include "attr.h"

struct db;
struct db_rows;

enum db_error {
    DB_REFUSED,
    DB_LOST,     /* wait (patience.h) and open again */
    DB_CONFLICT, /* serialization, deadlock, a lock or statement that took too long: try again */
    DB_UNSURE    /* the server crashed, or a standby took over, in the middle of a COMMIT: look at what it wrote */
};
#define DB_ERROR db_error_quark()
GQuark db_error_quark(void);

/* One embedded question. `name` is unique: it names the prepared statement. */
struct sql {
    const char *name;
    const char *text;
};

/* `url` is a libpq connection string; `who` shows in pg_stat_activity. */
MUST_CHECK struct db *db_open(const char *url, const char *who, GError **error);
/* The same for questions about a few rows by their keys, asked over and over: they are planned once, whatever their
 * values, and go by index whatever the statistics say. With stale ones a batch of a thousand would be looked for by
 * scanning its table. Only a server that can be written is good: of several hosts, the primary. */
MUST_CHECK struct db *db_open_pinned(const char *url, const char *who, GError **error);
void db_close(struct db **db);
#define AUTO_DB __attribute__((cleanup(db_close)))

/* Opens again after DB_LOST; one attempt, the caller paces. */
MUST_CHECK gboolean db_reopen(struct db *db, GError **error);
gboolean db_is_lost(const struct db *db);
/* Which connection this is, from 1: another after db_reopen, and after a COMMIT whose outcome had to be asked. */
guint db_connection(const struct db *db);

/* Runs one question with `n` text parameters (NULL is SQL NULL). Free rows with db_rows_free. */
MUST_CHECK struct db_rows *db_ask(struct db *db, const struct sql *sql, int n, const char *const *values,
                                  GError **error);
/* One of several questions that go in one round trip. */
struct db_question {
    const struct sql *sql;
    int n;
    const char *const *values;
    /* For how many rows it is asked, or 0. A long question over tables that grow is planned anew when it is asked for
     * many more than before and every few seconds: a plan that was kept from when they were empty reads all of them for
     * each row. */
    guint rows;
    struct db_rows *answer;
};
extern const struct sql db_begin_sql; /* BEGIN as the first of them */
/* Asks them in order; when one fails, those after it are not run. On success each has its answer. */
MUST_CHECK gboolean db_ask_together(struct db *db, struct db_question *questions, guint n, GError **error);
void db_answers_free(struct db_question *questions, guint n);
/* db_ask with the values spelled out: db_ask_with(db, &sql_due, &error, agency, day). At most 24 values. */
#define db_ask_with(db, sql, error, ...)                                                                               \
    db_ask(db, sql, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__}, error)
/* When the rows do not matter: runs, frees, and returns the count of rows touched, or -1. */
#define db_tell(db, sql, error, ...) db_touched(db_ask_with(db, sql, error, __VA_ARGS__))
MUST_CHECK gint64 db_touched(struct db_rows *take);

/* Several statements of text without parameters (migrations, set-up). */
MUST_CHECK gboolean db_run(struct db *db, const char *text, GError **error);

MUST_CHECK gboolean db_begin(struct db *db, GError **error);
/* Commits. On DB_LOST the outcome was asked with pg_xact_status over a new connection and is the answer given:
 * TRUE means committed, whatever happened to the line. After a crash or a failover the number may be another
 * transaction's by now: "committed" is DB_UNSURE then. */
MUST_CHECK gboolean db_commit(struct db *db, GError **error);
void db_rollback(struct db *db);
/* Asked within each transaction that wrote something, before its COMMIT: FALSE, with an error, and it does not commit.
 */
typedef gboolean db_guard(void *with, GError **error);
void db_set_guard(struct db *db, db_guard *guard, void *with);

int db_rows_count(const struct db_rows *rows);
gint64 db_rows_touched(const struct db_rows *rows);
const char *db_text(const struct db_rows *rows, int row, const char *column); /* NULL is SQL NULL; asserts the name */
gint64 db_int(const struct db_rows *rows, int row, const char *column);       /* 0 for NULL */
gboolean db_bool(const struct db_rows *rows, int row, const char *column);
gboolean db_is_null(const struct db_rows *rows, int row, const char *column);
int db_columns(const struct db_rows *rows);
const char *db_column_name(const struct db_rows *rows, int column);
const char *db_cell(const struct db_rows *rows, int row, int column);
void db_rows_free(struct db_rows **rows);
#define AUTO_ROWS __attribute__((cleanup(db_rows_free)))

/* The SQLSTATE of the last refusal ("23505"), "" after success or a lost line. Lives until the next call. */
const char *db_sqlstate(const struct db *db);
/* Whether that refusal was of a row that is there already. */
gboolean db_found_duplicate(const struct db *db);

/* Array parameters: '{"a","b"}' with quoting done. */
struct db_array;
struct db_array *db_array_new(void);
void db_array_add(struct db_array *array, const char *text); /* NULL adds an SQL NULL */
void db_array_add_int(struct db_array *array, gint64 number);
const char *db_array_text(struct db_array *array); /* lives as long as the array */
guint db_array_length(const struct db_array *array);
void db_array_free(struct db_array **array);
#define AUTO_ARRAY __attribute__((cleanup(db_array_free)))

/* COPY: begin with "COPY t FROM STDIN ..." text, put bytes, end. `error` of db_copy_end has COPY's line number. */
MUST_CHECK gboolean db_copy_begin(struct db *db, const char *copy_text, GError **error);
MUST_CHECK gboolean db_copy_put(struct db *db, const char *bytes, gsize length, GError **error);
MUST_CHECK gint64 db_copy_end(struct db *db, GError **error);
/* Copies the rows of `from_text` (COPY ... TO STDOUT) on one connection into `to_text` on another. */
MUST_CHECK gboolean db_copy_across(struct db *from, const char *from_text, struct db *to, const char *to_text,
                                   GError **error);

/* LISTEN/NOTIFY: the descriptor to poll (changes after db_reopen), and the next channel heard or NULL (g_free). */
int db_fd(const struct db *db);
char *db_next_notice(struct db *db);
