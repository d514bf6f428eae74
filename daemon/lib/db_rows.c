/* Answers: rows of text by the names of their columns. */
#include <string.h>

#include "db_shared.h"

#define COLUMNS_KNOWN 64

struct db_rows *db_rows_new(PGresult *result)
{
    struct db_rows *rows = g_new0(struct db_rows, 1);
    rows->known = g_new0(int, COLUMNS_KNOWN);
    rows->result = result;
    return rows;
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
