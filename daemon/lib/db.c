/*
 * Postgres by libpq, which only the files db*.c know. One connection, text parameters, prepared on first use. Every
 * wait has a deadline, set on the connection. It never logs and never retries a statement: the caller knows what that
 * would mean.
 */
#include <string.h>

#include "db_shared.h"

struct plan { /* of a prepared question */
    gint64 made_at;
    guint rows; /* for which it was made */
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

void db_say(struct db *db, const char *what, PGresult *result, GError **error)
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

gboolean db_is_good(PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_COPY_IN ||
           status == PGRES_COPY_OUT;
}

struct db_rows *db_taken(struct db *db, const char *what, PGresult *result, GError **error)
{
    if (!db_is_good(result)) {
        db_say(db, what, result, error);
        PQclear(result);
        return NULL;
    }
    db->sqlstate[0] = '\0';
    return db_rows_new(result);
}

static gboolean plan_is_good(const struct plan *plan, guint rows)
{
    gint64 age = g_get_monotonic_time() - plan->made_at;
    return !rows || (rows <= FEW_ROWS ? age < FEW_ROWS_GOOD_US : age < PLAN_GOOD_US && rows <= MANY_MORE * plan->rows);
}

static gboolean run_plainly(struct db *db, const char *what, PGresult *result, GError **error)
{
    gboolean good = db_is_good(result);
    if (!good)
        db_say(db, what, result, error);
    PQclear(result);
    return good;
}

static gboolean forget(struct db *db, const struct sql *sql, GError **error)
{
    g_autofree char *text = g_strdup_printf("DEALLOCATE \"%s\"", sql->name);
    if (!run_plainly(db, sql->name, PQexec(db->conn, text), error))
        return FALSE;
    g_hash_table_remove(db->prepared, sql->name);
    return TRUE;
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
    return db_taken(db, sql->name, PQexecPrepared(db->conn, sql->name, n, values, NULL, NULL, 0), error);
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
        question->answer = db_taken(db, question->sql->name, result, *error ? NULL : error);
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
            db_say(db, "questions", NULL, &why);
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
    struct db_rows *rows = db_taken(db, "statement", PQexec(db->conn, text), error);
    gboolean good = rows != NULL;
    db_rows_free(&rows);
    return good;
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
