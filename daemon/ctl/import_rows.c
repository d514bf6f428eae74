/* Reading a CSV file for import: bytes, header, cells; the good rows become lines of a COPY. No database. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "crypto.h"
#include "csv.h"
#include "import.h"
#include "problems.h"

#define REASONS_SAID 200

void import_refuse_row(struct import *in, int line, const char *column, const char *reason)
{
    if (in->reasons++ < REASONS_SAID)
        fprintf(stderr, "%s:%d: %s%s%s\n", in->path, line, column ? column : "", column ? ": " : "", reason);
    g_hash_table_add(in->refused, GINT_TO_POINTER(line));
}

guint import_reasons_unsaid(const struct import *in)
{
    return in->reasons > REASONS_SAID ? in->reasons - REASONS_SAID : 0;
}

/* --- the file as bytes */

static int line_of(const struct import *in, const char *at)
{
    int line = 1;
    for (const char *c = in->bytes; c < at; c++)
        line += *c == '\n';
    return line;
}

static gboolean read_file(struct import *in)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(in->path, &in->bytes, &in->length, &error)) {
        refuse("%s", error->message);
        return FALSE;
    }
    in->digest = crypto_sha256_hex(in->bytes, in->length);
    const char *bad;
    if (!g_utf8_validate(in->bytes, (gssize)in->length, &bad)) {
        refuse("%s:%d: a byte that is no UTF-8 (or NUL); save the file as UTF-8", in->path, line_of(in, bad));
        return FALSE;
    }
    for (const char *at = in->bytes; (at = strstr(at, "\\.")); at += 2) {
        gboolean begins = at == in->bytes || at[-1] == '\n', ends = at[2] == '\0' || at[2] == '\n' || at[2] == '\r';
        if (begins && ends) {
            refuse("%s:%d: a line '\\.' would end the import early; take it out", in->path, line_of(in, at));
            return FALSE;
        }
    }
    return TRUE;
}

/* --- the header */

static int column_at(const struct entity *entity, const char *name)
{
    for (int i = 0; entity->columns[i].name; i++)
        if (strcmp(entity->columns[i].name, name) == 0)
            return i;
    return -1;
}

static gboolean unknown_column(const struct import *in, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const struct column *column = in->entity->columns; column->name; column++)
        g_ptr_array_add(names, (gpointer)column->name);
    const char *near = nearest_word(name, (const char *const *)names->pdata, names->len);
    g_ptr_array_add(names, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    refuse("%s:1: unknown column '%s'; %s%s", in->path, name, near ? "did you mean " : "known are ", near ? near : all);
    return FALSE;
}

static gboolean read_header(struct import *in, GPtrArray *header)
{
    guint seen = 0;
    for (guint i = 0; i < header->len; i++) {
        const char *name = g_strstrip(header->pdata[i]);
        int column = column_at(in->entity, name);
        gboolean is_agency = column < 0 && strcmp(name, "agency") == 0;
        if (i >= IMPORT_COLUMNS_MAX || (column < 0 && !is_agency))
            return unknown_column(in, name);
        if (column >= 0 && seen >> column & 1) {
            refuse("%s:1: column '%s' stands twice", in->path, name);
            return FALSE;
        }
        seen |= column >= 0 ? 1u << column : 0;
        in->map[i] = column;
    }
    in->file_columns = (int)header->len;
    for (int c = 0; in->entity->columns[c].name; c++)
        if (in->entity->columns[c].required && !(seen >> c & 1)) {
            refuse("%s:1: the column '%s' is missing", in->path, in->entity->columns[c].name);
            return FALSE;
        }
    return TRUE;
}

/* --- the rows */

static void copy_cell(GString *copy, const char *text)
{
    if (!text || !*text) {
        g_string_append(copy, "\\N");
        return;
    }
    for (; *text; text++) {
        const char *escape = *text == '\t'   ? "\\t"
                             : *text == '\n' ? "\\n"
                             : *text == '\r' ? "\\r"
                             : *text == '\\' ? "\\\\"
                                             : NULL;
        if (escape)
            g_string_append(copy, escape);
        else
            g_string_append_c(copy, *text);
    }
}

static gboolean is_repeated(struct import *in, int line, const char *agency, const char *id)
{
    char *key = g_strconcat(agency ? agency : "", "\n", id, NULL);
    gpointer earlier = g_hash_table_lookup(in->ids, key);
    if (!earlier) {
        g_hash_table_insert(in->ids, key, GINT_TO_POINTER(line));
        return FALSE;
    }
    g_free(key);
    g_autofree char *why = g_strdup_printf("'%s' stands already in line %d", id, GPOINTER_TO_INT(earlier));
    import_refuse_row(in, line, in->entity->columns[0].name, why);
    return TRUE;
}

static void take_row(struct import *in, GPtrArray *row, int line)
{
    char **cells[IMPORT_COLUMNS_MAX] = {0};
    const char *agency = NULL;
    gboolean good = TRUE;
    if ((int)row->len != in->file_columns) {
        g_autofree char *why = g_strdup_printf("the row has %u fields and the header %d", row->len, in->file_columns);
        import_refuse_row(in, line, NULL, why);
        return;
    }
    for (guint i = 0; i < row->len; i++) {
        if (in->map[i] < 0) {
            agency = row->pdata[i];
            continue;
        }
        const struct column *column = &in->entity->columns[in->map[i]];
        cells[in->map[i]] = (char **)&row->pdata[i];
        g_autofree char *why = import_check_cell(column, cells[in->map[i]]);
        if (why)
            import_refuse_row(in, line, column->name, why);
        good = good && !why;
    }
    /* An item has no id of its own: its placement and its name are the key. */
    g_autofree char *key = !good                 ? NULL
                           : in->entity->is_pair ? g_strconcat(*cells[0], " ", *cells[1], NULL)
                                                 : g_strdup(*cells[0]);
    if (!good || is_repeated(in, line, agency, key))
        return;
    g_string_append_printf(in->copy, "%d\t", line);
    copy_cell(in->copy, in->entity->columns == entities[0].columns ? NULL : agency);
    for (int c = 0; in->entity->columns[c].name; c++) {
        g_string_append_c(in->copy, '\t');
        copy_cell(in->copy, cells[c] ? *cells[c] : NULL);
    }
    g_string_append_c(in->copy, '\n');
}

static gboolean read_rows(struct import *in)
{
    struct csv csv = {.at = in->bytes, .end = in->bytes + in->length, .line = 1};
    if (g_str_has_prefix(in->bytes, "\xef\xbb\xbf"))
        csv.at += 3;
    int line = 1;
    const char *why;
    g_autoptr(GPtrArray) header = csv_next(&csv, &line, &why);
    if (!header) {
        refuse("%s:1: %s", in->path, why ? why : "the file is empty; its first line names the columns");
        return FALSE;
    }
    if (!read_header(in, header))
        return FALSE;
    for (;;) {
        g_autoptr(GPtrArray) row = csv_next(&csv, &line, &why);
        if (!row && !why)
            return TRUE;
        if (row)
            take_row(in, row, line);
        else
            import_refuse_row(in, line, NULL, why);
    }
}

gboolean import_read(struct import *in)
{
    return read_file(in) && read_rows(in);
}
