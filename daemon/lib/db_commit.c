/*
 * Transactions. A COMMIT without an answer is not guessed at: a fresh connection is asked what became of it.
 */
#include <string.h>

#include "db_shared.h"

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
    struct db_rows *rows = db_taken(db, "COMMIT", result, &why);
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
    if (!db_is_good(result))
        g_clear_pointer(&db->conn, PQfinish);
    PQclear(result);
}
