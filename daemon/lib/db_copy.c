/* COPY, into a table and from one connection into another. */
#include "db_shared.h"

gboolean db_copy_begin(struct db *db, const char *copy_text, GError **error)
{
    return db_run(db, copy_text, error);
}

gboolean db_copy_put(struct db *db, const char *bytes, gsize length, GError **error)
{
    if (PQputCopyData(db->conn, bytes, (int)length) == 1)
        return TRUE;
    db_say(db, "COPY", NULL, error);
    return FALSE;
}

gint64 db_copy_end(struct db *db, GError **error)
{
    if (PQputCopyEnd(db->conn, NULL) != 1) {
        db_say(db, "COPY", NULL, error);
        return -1;
    }
    gint64 touched = db_touched(db_taken(db, "COPY", PQgetResult(db->conn), error));
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
    if (db_touched(db_taken(from, "COPY", PQgetResult(from->conn), error)) < 0)
        return FALSE;
    PQclear(PQgetResult(from->conn));
    return db_copy_end(to, error) >= 0;
}
