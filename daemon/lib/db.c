/*
 * Postgres by libpq: the only file that knows it. One connection, text parameters, prepared on first use. Every wait
 * has a deadline, set on the connection. It never logs and never retries a statement: the caller knows what that would
 * mean.
 */
#include "db.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <string.h>

struct db {
    PGconn *conn;
    char *url, *who;
    const char *options, *attributes;
    GHashTable *prepared; /* name -> struct plan, on the present connection */
    char *life;           /* of the server; NULL: not asked yet */
    gboolean useless;     /* connected to a server that cannot work now */
    char sqlstate[6];
    guint connections;
    db_guard *guard;
    void *guarded;
};

struct plan { /* of a prepared question */
    gint64 made_at;
    guint rows; /* for which it was made */
};

#define COLUMNS_KNOWN 64

struct db_rows {
    PGresult *result;
    int *known; /* by the address of a name: the column that it was found to be */
};

G_DEFINE_QUARK(tickler - db - error, db_error)

/* No just-in-time compilation: a question over the ledger's yearly partitions is long, and compiling it takes several
 * times as long as answering it. */
#define SESSION                                                                                                        \
    "-c TimeZone=UTC -c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s "         \
    "-c search_path=public -c client_min_messages=warning -c DateStyle=ISO -c jit=off"

#define PINNED                                                                                                         \
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan"

/* How long a plan is good for, of a question about many rows and of one about a few: see struct db_question. */
#define FEW_ROWS         8
#define MANY_MORE        4
#define PLAN_GOOD_US     (10 * G_USEC_PER_SEC)
#define FEW_ROWS_GOOD_US (60 * G_USEC_PER_SEC)

/* What the url says of target_session_attrs comes later, and counts. */
static PGconn *connect_to(const char *url, const char *who, const char *options, const char *attributes)
{
    const char *const keys[] = {"target_session_attrs", "dbname",           "application_name", "options",
                                "connect_timeout",      "tcp_user_timeout", "client_encoding",  NULL};
    const char *const values[] = {attributes, url, who, options, "5", "15000", "UTF8", NULL};
    return PQconnectdbParams(keys, values, 1);
}

static char *one_line(const char *text)
{
    char *line = g_strstrip(g_strdup(text));
    for (char *c = line; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return line;
}

static struct db *open_with(const char *url, const char *who, const char *options, const char *attributes,
                            GError **error)
{
    struct db *db = g_new0(struct db, 1);
    db->url = g_strdup(url);
    db->who = g_strdup(who);
    db->options = options;
    db->attributes = attributes;
    db->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!db_reopen(db, error))
        db_close(&db);
    return db;
}

struct db *db_open(const char *url, const char *who, GError **error)
{
    return open_with(url, who, SESSION, "any", error);
}

struct db *db_open_pinned(const char *url, const char *who, GError **error)
{
    return open_with(url, who, SESSION PINNED, "read-write", error);
}

void db_close(struct db **db)
{
    if (!*db)
        return;
    PQfinish((*db)->conn);
    g_hash_table_unref((*db)->prepared);
    g_free((*db)->url);
    g_free((*db)->life);
    g_free((*db)->who);
    g_clear_pointer(db, g_free);
}

gboolean db_reopen(struct db *db, GError **error)
{
    PQfinish(db->conn);
    g_hash_table_remove_all(db->prepared);
    db->conn = connect_to(db->url, db->who, db->options, db->attributes);
    db->useless = FALSE;
    g_clear_pointer(&db->life, g_free);
    db->connections++;
    if (PQstatus(db->conn) == CONNECTION_OK)
        return TRUE;
    g_autofree char *why = one_line(PQerrorMessage(db->conn));
    g_set_error(error, DB_ERROR, DB_LOST, "cannot reach Postgres: %s", why);
    return FALSE;
}

gboolean db_is_lost(const struct db *db)
{
    return db->useless || PQstatus(db->conn) != CONNECTION_OK;
}

guint db_connection(const struct db *db)
{
    return db->connections;
}

const char *db_sqlstate(const struct db *db)
{
    return db->sqlstate;
}

gboolean db_found_duplicate(const struct db *db)
{
    return strcmp(db->sqlstate, "23505") == 0;
}

/* It answers, and cannot work: it is read-only (another one is the primary now), out of disk, out of slots, or its disk
 * fails. That is no statement's fault, and passes. */
static gboolean is_out_of_order(const char *state)
{
    static const char *const states[] = {"25006", "53100", "53300", "58030", NULL};
    return g_strv_contains(states, state);
}

static void say(struct db *db, const char *what, PGresult *result, GError **error)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    g_strlcpy(db->sqlstate, state ? state : "", sizeof db->sqlstate);
    db->useless = db->useless || (state && is_out_of_order(state));
    gboolean lost = db_is_lost(db) || !state || g_str_has_prefix(state, "57P") || g_str_has_prefix(state, "08");
    gboolean passing = state && (g_str_has_prefix(state, "40") || strcmp(state, "55P03") == 0 ||
                                 strcmp(state, "57014") == 0 || strcmp(state, "53200") == 0);
    int code = lost ? DB_LOST : passing ? DB_CONFLICT : DB_REFUSED;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *detail = result ? PQresultErrorField(result, PG_DIAG_CONTEXT) : NULL;
    g_autofree char *why = one_line(primary ? primary : PQerrorMessage(db->conn));
    if (!*why) { /* libpq gives no result and no word when memory is out */
        g_free(why);
        why = g_strdup("no memory for an answer");
    }
    g_autofree char *where = detail && g_str_has_prefix(detail, "COPY ") ? one_line(detail) : NULL;
    g_set_error(error, DB_ERROR, code, "%s: %s%s%s%s%s", what, why, where ? " (" : "", where ? where : "",
                where ? ")" : "", code == DB_LOST && !db->useless ? " [connection lost]" : "");
}

static gboolean is_good(PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_COPY_IN ||
           status == PGRES_COPY_OUT;
}

/* Keeps the result when it is good, else frees it and says why. */
static struct db_rows *taken(struct db *db, const char *what, PGresult *result, GError **error)
{
    if (!is_good(result)) {
        say(db, what, result, error);
        PQclear(result);
        return NULL;
    }
    db->sqlstate[0] = '\0';
    struct db_rows *rows = g_new0(struct db_rows, 1);
    rows->known = g_new0(int, COLUMNS_KNOWN);
    rows->result = result;
    return rows;
}

static gboolean plan_is_good(const struct plan *plan, guint rows)
{
    gint64 age = g_get_monotonic_time() - plan->made_at;
    return !rows || (rows <= FEW_ROWS ? age < FEW_ROWS_GOOD_US : age < PLAN_GOOD_US && rows <= MANY_MORE * plan->rows);
}

static gboolean run_plainly(struct db *db, const char *what, PGresult *result, GError **error)
{
    gboolean good = is_good(result);
    if (!good)
        say(db, what, result, error);
    PQclear(result);
    return good;
}

static gboolean forget(struct db *db, const struct sql *sql, GError **error)
{
    g_autofree char *text = g_strdup_printf("DEALLOCATE \"%s\"", sql->name);
    g_hash_table_remove(db->prepared, sql->name);
    return run_plainly(db, sql->name, PQexec(db->conn, text), error);
}

static gboolean prepare_for(struct db *db, const struct sql *sql, guint rows, GError **error)
{
    struct plan *plan = g_hash_table_lookup(db->prepared, sql->name);
    if (plan && plan_is_good(plan, rows))
        return TRUE;
    if ((plan && !forget(db, sql, error)) ||
        !run_plainly(db, sql->name, PQprepare(db->conn, sql->name, sql->text, 0, NULL), error))
        return FALSE;
    plan = g_new(struct plan, 1);
    *plan = (struct plan){.made_at = g_get_monotonic_time(), .rows = rows};
    g_hash_table_insert(db->prepared, g_strdup(sql->name), plan);
    return TRUE;
}

struct db_rows *db_ask(struct db *db, const struct sql *sql, int n, const char *const *values, GError **error)
{
    if (!prepare_for(db, sql, 0, error))
        return NULL;
    return taken(db, sql->name, PQexecPrepared(db->conn, sql->name, n, values, NULL, NULL, 0), error);
}

/* --- several questions in one round trip */

const struct sql db_begin_sql = {.name = "begin", .text = "BEGIN"};

/* Whether all was sent; FALSE leaves a connection that nobody can go on with. */
static gboolean send_together(struct db *db, const struct db_question *questions, guint n)
{
    for (guint i = 0; i < n; i++)
        if (!PQsendQueryPrepared(db->conn, questions[i].sql->name, questions[i].n, questions[i].values, NULL, NULL, 0))
            return FALSE;
    return PQpipelineSync(db->conn) == 1;
}

/* The answer of one question, and the end of it; TRUE as long as the conversation is in order. */
static gboolean hear_answer(struct db *db, struct db_question *question, GError **error)
{
    PGresult *result = PQgetResult(db->conn);
    if (result && PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
        PQclear(result); /* one before it failed */
    } else {
        question->answer = taken(db, question->sql->name, result, *error ? NULL : error);
    }
    PGresult *end = PQgetResult(db->conn);
    PQclear(end);
    return result && !end && PQstatus(db->conn) == CONNECTION_OK;
}

static gboolean hear_together(struct db *db, struct db_question *questions, guint n, GError **error)
{
    for (guint i = 0; i < n; i++)
        if (!hear_answer(db, &questions[i], error))
            return FALSE;
    PGresult *sync = PQgetResult(db->conn);
    gboolean in_order = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
    PQclear(sync);
    return in_order && PQexitPipelineMode(db->conn) == 1;
}

gboolean db_ask_together(struct db *db, struct db_question *questions, guint n, GError **error)
{
    g_autoptr(GError) why = NULL;
    for (guint i = 0; i < n; i++)
        questions[i].answer = NULL;
    for (guint i = 0; i < n; i++)
        if (!prepare_for(db, questions[i].sql, questions[i].rows, error))
            return FALSE;
    gboolean in_order =
        PQenterPipelineMode(db->conn) == 1 && send_together(db, questions, n) && hear_together(db, questions, n, &why);
    if (!in_order) { /* what is asked next must not be taken for an answer to this */
        if (!g_error_matches(why, DB_ERROR, DB_LOST)) {
            g_clear_error(&why);
            say(db, "questions", NULL, &why);
        }
        g_clear_pointer(&db->conn, PQfinish);
    }
    if (!why)
        return TRUE;
    db_answers_free(questions, n);
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

void db_answers_free(struct db_question *questions, guint n)
{
    for (guint i = 0; i < n; i++)
        db_rows_free(&questions[i].answer);
}

gint64 db_touched(struct db_rows *take)
{
    gint64 touched = take ? db_rows_touched(take) : -1;
    db_rows_free(&take);
    return touched;
}

gboolean db_run(struct db *db, const char *text, GError **error)
{
    struct db_rows *rows = taken(db, "statement", PQexec(db->conn, text), error);
    gboolean good = rows != NULL;
    db_rows_free(&rows);
    return good;
}

gboolean db_begin(struct db *db, GError **error)
{
    return db_run(db, "BEGIN", error);
}

/* A transaction by its number and the life of the server that gave it: the next life, after a crash, and a standby that
 * takes over give the numbers of those that never reached the disk, or it, again. */
struct transaction {
    char *id; /* NULL: it wrote nothing */
    char *life;
};

static void transaction_clear(struct transaction *transaction)
{
    g_free(transaction->id);
    g_free(transaction->life);
}

/* Statistics begin anew at each crash recovery; a failover has another timeline. */
#define LIFE                                                                                                           \
    "concat_ws(' ', left(pg_walfile_name(pg_current_wal_lsn()), 8), pg_postmaster_start_time(),"                       \
    " pg_stat_get_bgwriter_stat_reset_time())"

/* The first value of a question, or NULL. Free with g_free. */
static char *one_value(struct db *db, const char *question)
{
    PGresult *result = PQexec(db->conn, question);
    char *value = PQresultStatus(result) == PGRES_TUPLES_OK && !PQgetisnull(result, 0, 0)
                      ? g_strdup(PQgetvalue(result, 0, 0))
                      : NULL;
    PQclear(result);
    return value;
}

static void name_transaction(struct db *db, struct transaction *ret)
{
    if (!db->life) /* of this connection: none outlives a crash */
        db->life = one_value(db, "SELECT " LIFE);
    ret->id = one_value(db, "SELECT pg_current_xact_id_if_assigned()::text");
    ret->life = g_strdup(db->life);
}

/* "committed", "aborted", "in progress", or NULL. A number that has not been given yet is nobody's. Free with g_free.
 */
static char *ask_status(struct db *db, const struct transaction *transaction, gboolean *ret_same_life)
{
    const char *values[] = {transaction->id};
    PGresult *result = PQexecParams(db->conn,
                                    "SELECT CASE WHEN $1::xid8 < pg_snapshot_xmax(pg_current_snapshot())"
                                    " THEN pg_xact_status($1::xid8) ELSE 'aborted' END, " LIFE,
                                    1, NULL, values, NULL, NULL, 0);
    gboolean told = PQntuples(result) == 1;
    char *status = told && !PQgetisnull(result, 0, 0) ? g_strdup(PQgetvalue(result, 0, 0)) : NULL;
    *ret_same_life = told && g_strcmp0(PQgetvalue(result, 0, 1), transaction->life) == 0;
    PQclear(result);
    return status;
}

/* Asks a fresh connection what became of a transaction whose COMMIT was never answered; tries for half a minute. */
static gboolean was_committed(struct db *db, const struct transaction *transaction, GError **error)
{
    g_autoptr(GError) why = NULL;
    gboolean same_life;
    for (int tries = 0; tries < 60; tries++) {
        g_clear_error(&why);
        if (!db_reopen(db, &why)) {
            g_usleep(G_USEC_PER_SEC / 2);
            continue;
        }
        g_autofree char *status = ask_status(db, transaction, &same_life);
        if (g_strcmp0(status, "committed") == 0 && same_life)
            return TRUE;
        if (g_strcmp0(status, "committed") == 0 || g_strcmp0(status, "aborted") == 0) {
            gboolean unsure = status[0] == 'c';
            g_set_error(error, DB_ERROR, unsure ? DB_UNSURE : DB_LOST, "the connection was lost and transaction %s %s",
                        transaction->id,
                        unsure ? "may have committed: the server crashed, or a standby took over" : "did not commit");
            return FALSE;
        }
        g_usleep(G_USEC_PER_SEC / 2); /* still in progress: the old backend has yet to notice */
    }
    g_set_error(error, DB_ERROR, DB_LOST, "transaction %s: its outcome could not be asked: %s", transaction->id,
                why ? why->message : "still in progress");
    return FALSE;
}

void db_set_guard(struct db *db, db_guard *guard, void *with)
{
    db->guard = guard;
    db->guarded = with;
}

gboolean db_commit(struct db *db, GError **error)
{
    __attribute__((cleanup(transaction_clear))) struct transaction transaction = {0};
    g_autoptr(GError) why = NULL;
    name_transaction(db, &transaction);
    if (transaction.id && db->guard && !db->guard(db->guarded, error))
        return FALSE;
    PGresult *result = PQexec(db->conn, "COMMIT");
    /* An error earlier in the transaction. There is no result at all once the connection is gone. */
    gboolean rolled_back = result && strcmp(PQcmdStatus(result), "ROLLBACK") == 0;
    struct db_rows *rows = taken(db, "COMMIT", result, &why);
    gboolean good = rows != NULL && !rolled_back;
    db_rows_free(&rows);
    if (good)
        return TRUE;
    if (rolled_back)
        g_set_error(error, DB_ERROR, DB_REFUSED, "the transaction had failed and was rolled back");
    else if (g_error_matches(why, DB_ERROR, DB_LOST) && transaction.id)
        return was_committed(db, &transaction, error);
    else
        g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

/* A connection whose transaction cannot be undone is given up: what is asked next must not become a part of it. A
 * COMMIT that was asked about has left a fresh connection without a transaction. */
void db_rollback(struct db *db)
{
    if (db_is_lost(db) || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
        return;
    PGresult *result = PQexec(db->conn, "ROLLBACK");
    if (!is_good(result))
        g_clear_pointer(&db->conn, PQfinish);
    PQclear(result);
}

int db_rows_count(const struct db_rows *rows)
{
    return PQntuples(rows->result);
}

gint64 db_rows_touched(const struct db_rows *rows)
{
    return g_ascii_strtoll(PQcmdTuples(rows->result), NULL, 10);
}

/* PQfnumber copies the name and compares it with all; a window asks for the same dozen in each of a thousand rows. */
static int column_of(const struct db_rows *rows, const char *column)
{
    int *known = &rows->known[GPOINTER_TO_SIZE(column) % COLUMNS_KNOWN];
    const char *name = PQfname(rows->result, *known);
    if (name && strcmp(name, column) == 0)
        return *known;
    *known = PQfnumber(rows->result, column);
    if (*known < 0)
        g_error("a question has no column '%s'", column);
    return *known;
}

const char *db_text(const struct db_rows *rows, int row, const char *column)
{
    return db_cell(rows, row, column_of(rows, column));
}

gint64 db_int(const struct db_rows *rows, int row, const char *column)
{
    const char *text = db_text(rows, row, column);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

gboolean db_bool(const struct db_rows *rows, int row, const char *column)
{
    return g_strcmp0(db_text(rows, row, column), "t") == 0;
}

gboolean db_is_null(const struct db_rows *rows, int row, const char *column)
{
    return db_text(rows, row, column) == NULL;
}

int db_columns(const struct db_rows *rows)
{
    return PQnfields(rows->result);
}

const char *db_column_name(const struct db_rows *rows, int column)
{
    return PQfname(rows->result, column);
}

const char *db_cell(const struct db_rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}

void db_rows_free(struct db_rows **rows)
{
    if (!*rows)
        return;
    PQclear((*rows)->result);
    g_free((*rows)->known);
    g_clear_pointer(rows, g_free);
}

struct db_array {
    GString *text;
    guint length;
    gboolean closed; /* read, and so complete */
};

struct db_array *db_array_new(void)
{
    struct db_array *array = g_new0(struct db_array, 1);
    array->text = g_string_new("{");
    return array;
}

static void next_element(struct db_array *array)
{
    g_assert(!array->closed);
    if (array->length++ > 0)
        g_string_append_c(array->text, ',');
}

void db_array_add(struct db_array *array, const char *text)
{
    next_element(array);
    if (!text) {
        g_string_append(array->text, "NULL");
        return;
    }
    g_string_append_c(array->text, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(array->text, '\\');
        g_string_append_c(array->text, *text);
    }
    g_string_append_c(array->text, '"');
}

void db_array_add_int(struct db_array *array, gint64 number)
{
    next_element(array);
    g_string_append_printf(array->text, "%" G_GINT64_FORMAT, number);
}

const char *db_array_text(struct db_array *array)
{
    if (!array->closed)
        g_string_append_c(array->text, '}');
    array->closed = TRUE;
    return array->text->str;
}

guint db_array_length(const struct db_array *array)
{
    return array->length;
}

void db_array_free(struct db_array **array)
{
    if (!*array)
        return;
    g_string_free((*array)->text, TRUE);
    g_clear_pointer(array, g_free);
}

gboolean db_copy_begin(struct db *db, const char *copy_text, GError **error)
{
    return db_run(db, copy_text, error);
}

gboolean db_copy_put(struct db *db, const char *bytes, gsize length, GError **error)
{
    if (PQputCopyData(db->conn, bytes, (int)length) == 1)
        return TRUE;
    say(db, "COPY", NULL, error);
    return FALSE;
}

gint64 db_copy_end(struct db *db, GError **error)
{
    if (PQputCopyEnd(db->conn, NULL) != 1) {
        say(db, "COPY", NULL, error);
        return -1;
    }
    gint64 touched = db_touched(taken(db, "COPY", PQgetResult(db->conn), error));
    PQclear(PQgetResult(db->conn));
    return touched;
}

gboolean db_copy_across(struct db *from, const char *from_text, struct db *to, const char *to_text, GError **error)
{
    if (!db_run(from, from_text, error) || !db_copy_begin(to, to_text, error))
        return FALSE;
    char *bytes = NULL;
    int length;
    while ((length = PQgetCopyData(from->conn, &bytes, 0)) > 0) {
        gboolean put = db_copy_put(to, bytes, (gsize)length, error);
        PQfreemem(bytes);
        if (!put)
            return FALSE;
    }
    if (db_touched(taken(from, "COPY", PQgetResult(from->conn), error)) < 0)
        return FALSE;
    PQclear(PQgetResult(from->conn));
    return db_copy_end(to, error) >= 0;
}

int db_fd(const struct db *db)
{
    return PQsocket(db->conn);
}

char *db_next_notice(struct db *db)
{
    PQconsumeInput(db->conn);
    PGnotify *notice = PQnotifies(db->conn);
    char *channel = notice ? g_strdup(notice->relname) : NULL;
    PQfreemem(notice);
    return channel;
}
