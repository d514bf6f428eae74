/*
 * db_shared.h: between the files db*.c, the only ones that know libpq: db.c (connections and questions), db_commit.c
 * (transactions), db_rows.c (answers), db_copy.c (COPY). db_array.c writes the arrays and needs none of this.
 */
#pragma once

#include <libpq-fe.h>

#include "db.h"

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

struct db_rows {
    PGresult *result;
    int *known; /* by the address of a name: the column that it was found to be */
};

/* Takes the result. */
struct db_rows *db_rows_new(PGresult *result);

gboolean db_is_good(PGresult *result);
/* Why a result (NULL: there is none) is not good: sets the error and what db_sqlstate and db_is_lost answer. `what`
 * names the question. */
void db_say(struct db *db, const char *what, PGresult *result, GError **error);
/* Keeps the result when it is good, else frees it and says why. */
struct db_rows *db_taken(struct db *db, const char *what, PGresult *result, GError **error);
