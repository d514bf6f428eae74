/*
 * tickler import: CSV into a staging table with each row's line, checks, upsert; all or nothing, or the good rows with
 * --accept-good. Cells are checked while they are read; what needs the database is asked once for all rows.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "crypto.h"
#include "csv.h"
#include "desk.h"
#include "import_entities.h"
#include "letter.h"
#include "problems.h"
#include "tickler_sql.h"

#define COLUMNS_MAX   16
#define REFUSED_SHOWN 200

struct import {
    struct office *office;
    const struct entity *entity;
    const char *path;
    gboolean accept_good, dry_run;
    char *bytes, *digest;
    gsize length;
    int map[COLUMNS_MAX]; /* file column -> entity column; -1: agency */
    int file_columns;
    GHashTable *ids; /* own ids seen: text -> line */
    GArray *refused; /* int: lines */
    GString *copy;
    gint64 imported, updated, total;
};

static void refuse_row(struct import *in, int line, const char *column, const char *reason)
{
    if (in->refused->len < REFUSED_SHOWN)
        fprintf(stderr, "%s:%d: %s%s%s\n", in->path, line, column ? column : "", column ? ": " : "", reason);
    if (!in->refused->len || g_array_index(in->refused, int, in->refused->len - 1) != line)
        g_array_append_val(in->refused, line);
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
        if (i >= COLUMNS_MAX || (column < 0 && !is_agency))
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

/* --- cells; a good one is rewritten in place where the database wants another form */

static const char *bad_amount(char **cell)
{
    const char *text = *cell;
    gboolean minus = text[0] == '-';
    text += minus;
    gsize whole = strspn(text, "0123456789"), cents = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    gsize length = whole + (text[whole] == '.' ? 1 + cents : 0);
    if (!whole || text[length] || cents > 2 || (text[whole] == '.' && !cents))
        return "is no amount; write 1000.50, with a dot and without separators";
    if (minus)
        return "is negative; refunds, credit notes and chargebacks are payments of that kind";
    if (whole > 12)
        return "is too large";
    char *rewritten = g_strdup_printf("%.*s%.*s%s", (int)whole, text, (int)cents, text + whole + 1,
                                      cents == 2   ? ""
                                      : cents == 1 ? "0"
                                                   : "00");
    g_free(*cell);
    *cell = rewritten;
    return NULL;
}

static char *bad_word(const struct column *column, const char *text)
{
    if (g_strv_contains(column->words, text))
        return NULL;
    const char *near = nearest_word(text, column->words, g_strv_length((char **)column->words));
    g_autofree char *all = g_strjoinv(", ", (char **)column->words);
    return near ? g_strdup_printf("'%s' is unknown; did you mean %s?", text, near)
                : g_strdup_printf("'%s' is unknown; allowed are %s", text, all);
}

static gboolean is_currency(const char *text)
{
    return strlen(text) == 3 && g_ascii_isupper(text[0]) && g_ascii_isupper(text[1]) && g_ascii_isupper(text[2]);
}

static gboolean has_control(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text))
            return TRUE;
    return FALSE;
}

/* Why the cell cannot be, or NULL. Free with g_free. */
static char *check_cell(const struct column *column, char **cell)
{
    const char *text = *cell, *why = NULL;
    day d;
    if (!*text)
        return column->required ? g_strdup("is empty and needed") : NULL;
    switch (column->cell) {
    case CELL_ID:
        return has_control(text) || strlen(text) > 100 ? g_strdup("is no id: control characters or over 100 bytes")
                                                       : NULL;
    case CELL_TEXT:
        return strlen(text) > 4000 ? g_strdup("is longer than 4000 bytes") : NULL;
    case CELL_DATE:
        return day_parse(text, &d) ? NULL : g_strdup_printf("'%s' is no date; write YYYY-MM-DD", text);
    case CELL_AMOUNT:
        why = bad_amount(cell);
        return why ? g_strdup_printf("'%s' %s", text, why) : NULL;
    case CELL_CURRENCY:
        return is_currency(text) ? NULL : g_strdup_printf("'%s' is no currency; write three letters like USD", text);
    case CELL_COUNT:
        return strspn(text, "0123456789") == strlen(text) && strlen(text) < 6 ? NULL
                                                                              : g_strdup("a whole number is expected");
    case CELL_ADDRESS:
        return letter_address_ok(text, &why) ? NULL : g_strdup_printf("is no mail address: %s", why);
    case CELL_ZONE:
        return zone_get(text) ? NULL : g_strdup_printf("'%s' is no time zone; write America/Chicago", text);
    case CELL_WORD:
        return bad_word(column, text);
    }
    return NULL;
}

/* --- rows into the staging table */

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
    refuse_row(in, line, in->entity->columns[0].name, why);
    return TRUE;
}

static void take_row(struct import *in, GPtrArray *row, int line)
{
    char **cells[COLUMNS_MAX] = {0};
    const char *agency = NULL;
    guint before = in->refused->len;
    if ((int)row->len != in->file_columns) {
        g_autofree char *why = g_strdup_printf("the row has %u fields and the header %d", row->len, in->file_columns);
        refuse_row(in, line, NULL, why);
        return;
    }
    for (guint i = 0; i < row->len; i++) {
        if (in->map[i] < 0) {
            agency = row->pdata[i];
            continue;
        }
        const struct column *column = &in->entity->columns[in->map[i]];
        cells[in->map[i]] = (char **)&row->pdata[i];
        g_autofree char *why = check_cell(column, cells[in->map[i]]);
        if (why)
            refuse_row(in, line, column->name, why);
    }
    if (in->refused->len > before)
        return;
    /* An item has no id of its own: its placement and its name are the key. */
    gboolean pair = strcmp(in->entity->name, "packet_items") == 0;
    g_autofree char *key = pair ? g_strconcat(*cells[0], " ", *cells[1], NULL) : g_strdup(*cells[0]);
    if (is_repeated(in, line, agency, key))
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
            refuse_row(in, line, NULL, why);
    }
}

static gboolean stage_rows(struct import *in, GError **error)
{
    gboolean is_agencies = in->entity == &entities[0];
    g_autoptr(GString) make = g_string_new("DROP TABLE IF EXISTS stage; CREATE TEMP TABLE stage (line int, ");
    g_string_append(make, is_agencies ? "agency_none text" : "agency text");
    for (const struct column *column = in->entity->columns; column->name; column++)
        g_string_append_printf(make, ", %s text", column->name);
    g_string_append(make, ", agency_id int)");
    g_autoptr(GString) copy = g_string_new("COPY stage (line, ");
    g_string_append(copy, is_agencies ? "agency_none" : "agency");
    for (const struct column *column = in->entity->columns; column->name; column++)
        g_string_append_printf(copy, ", %s", column->name);
    g_string_append(copy, ") FROM STDIN");
    return db_run(in->office->db, make->str, error) && db_copy_begin(in->office->db, copy->str, error) &&
           db_copy_put(in->office->db, in->copy->str, in->copy->len, error) &&
           db_copy_end(in->office->db, error) >= 0 && db_run(in->office->db, "ANALYZE stage", error);
}

/* --- checks that need the database, and the upsert */

static gboolean take_refusals(struct import *in, const struct sql *check, GError **error)
{
    struct sql fresh = *check; /* the staging table is another each time: its plans are not kept */
    g_autofree char *name = g_strdup_printf("%s %s", check->name, in->path);
    fresh.name = name;
    AUTO_ROWS struct db_rows *rows = db_ask(in->office->db, &fresh, 0, NULL, error);
    for (int r = 0; rows && r < db_rows_count(rows); r++)
        refuse_row(in, (int)db_int(rows, r, "line"), db_text(rows, r, "column"), db_text(rows, r, "reason"));
    return rows != NULL;
}

static gboolean drop_refused(struct import *in, GError **error)
{
    AUTO_ARRAY struct db_array *lines = db_array_new();
    for (guint i = 0; i < in->refused->len; i++)
        db_array_add_int(lines, g_array_index(in->refused, int, i));
    struct sql fresh = sql_import_drop_lines;
    g_autofree char *name = g_strdup_printf("drop %s", in->path);
    fresh.name = name;
    return db_tell(in->office->db, &fresh, error, db_array_text(lines)) >= 0;
}

static gboolean set_agencies(struct import *in, GError **error)
{
    AUTO_ROWS struct db_rows *rows = db_ask_with(in->office->db, &sql_agency_choose, error, in->office->agency_ext);
    if (!rows)
        return FALSE;
    g_autofree char *only = db_rows_count(rows) == 1 ? g_strdup(db_text(rows, 0, "agency_id")) : NULL;
    in->office->agency = only ? (int)g_ascii_strtoll(only, NULL, 10) : 0;
    struct sql fresh = sql_import_agency_ids;
    g_autofree char *name = g_strdup_printf("agencies %s", in->path);
    fresh.name = name;
    return db_tell(in->office->db, &fresh, error, only) >= 0 && take_refusals(in, &sql_import_agency_check, error);
}

static gboolean ask_fresh(struct import *in, const struct sql *sql, struct db_rows **ret, GError **error)
{
    struct sql fresh = *sql;
    g_autofree char *name = g_strdup_printf("%s %s", sql->name, in->path);
    fresh.name = name;
    *ret = db_ask(in->office->db, &fresh, 0, NULL, error);
    return *ret != NULL;
}

static gboolean apply(struct import *in, GError **error)
{
    AUTO_ROWS struct db_rows *counts = NULL, *after = NULL;
    if (!ask_fresh(in, in->entity->apply, &counts, error) ||
        (in->entity->after && !ask_fresh(in, in->entity->after, &after, error)))
        return FALSE;
    in->imported = db_int(counts, 0, "imported");
    in->updated = db_int(counts, 0, "updated");
    in->total = db_int(counts, 0, "total");
    return TRUE;
}

static gboolean note_import(struct import *in, GError **error)
{
    g_autofree char *now = now_text(), *agency = in->office->agency ? office_agency_text(in->office) : NULL;
    g_autofree char *imported = g_strdup_printf("%" G_GINT64_FORMAT, in->imported);
    g_autofree char *updated = g_strdup_printf("%" G_GINT64_FORMAT, in->updated);
    g_autofree char *unchanged = g_strdup_printf("%" G_GINT64_FORMAT, in->total - in->imported - in->updated);
    g_autofree char *refused = g_strdup_printf("%u", in->refused->len);
    struct sql fresh = sql_import_note;
    g_autofree char *name = g_strdup_printf("note %s", in->path);
    fresh.name = name;
    AUTO_ROWS struct db_rows *rows = db_ask_with(in->office->db, &fresh, error, in->entity->name, now, in->digest,
                                                 imported, updated, unchanged, refused, agency);
    gboolean good = rows != NULL;
    g_autofree char *about = g_strdup_printf("import:%s", in->entity->name);
    g_autofree char *detail = g_strdup_printf("{\"imported\":%s,\"updated\":%s,\"unchanged\":%s,\"refused\":%s}",
                                              imported, updated, unchanged, refused);
    for (int r = 0; good && r < db_rows_count(rows); r++)
        good = desk_event(in->office->db, (int)db_int(rows, r, "agency_id"), clock_now(), in->office->actor,
                          "import.done", about, detail, error);
    return good;
}

/* One file inside the open transaction. FALSE with no error when rows were refused. */
static gboolean import_in_transaction(struct import *in, GError **error)
{
    gboolean is_agencies = in->entity == &entities[0];
    if (!read_file(in) || !read_rows(in) || !stage_rows(in, error))
        return FALSE;
    if (!is_agencies && !set_agencies(in, error))
        return FALSE;
    if (in->entity->check && (in->refused->len == 0 || in->accept_good) && !take_refusals(in, in->entity->check, error))
        return FALSE;
    if (in->refused->len && !in->accept_good)
        return FALSE;
    return (!in->refused->len || drop_refused(in, error)) && apply(in, error) && note_import(in, error);
}

static gboolean import_file(struct office *office, const struct entity *entity, const char *path, gboolean accept_good,
                            gboolean dry_run)
{
    struct import in = {
        .office = office, .entity = entity, .path = path, .accept_good = accept_good, .dry_run = dry_run};
    in.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    in.refused = g_array_new(FALSE, FALSE, sizeof(int));
    in.copy = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    gboolean good = import_in_transaction(&in, &error);
    if (error)
        refuse_error(error);
    if (in.refused->len > REFUSED_SHOWN)
        fprintf(stderr, "... and %u more refused rows\n", in.refused->len - REFUSED_SHOWN);
    printf("%s: imported %" G_GINT64_FORMAT ", updated %" G_GINT64_FORMAT ", unchanged %" G_GINT64_FORMAT
           ", refused %u%s\n",
           entity->name, in.imported, in.updated, in.total - in.imported - in.updated, in.refused->len,
           dry_run ? " (dry run: nothing was changed)"
           : good  ? ""
                   : " (nothing was changed)");
    g_hash_table_unref(in.ids);
    g_array_unref(in.refused);
    g_string_free(in.copy, TRUE);
    g_free(in.bytes);
    g_free(in.digest);
    return good;
}

static const struct entity *find_entity(const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const struct entity *entity = entities; entity->name; entity++) {
        if (strcmp(entity->name, name) == 0)
            return entity;
        g_ptr_array_add(names, (gpointer)entity->name);
    }
    const char *near = nearest_word(name, (const char *const *)names->pdata, names->len);
    g_ptr_array_add(names, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    usage_error("there is nothing called '%s' to import; %s%s", name, near ? "did you mean " : "known are ",
                near ? near : all);
}

static gboolean import_folder(struct office *office, const char *folder, gboolean accept_good, gboolean dry_run)
{
    gboolean good = TRUE, any = FALSE;
    for (const struct entity *entity = entities; good && entity->name; entity++) {
        g_autofree char *file = g_strconcat(entity->name, ".csv", NULL);
        g_autofree char *path = g_build_filename(folder, file, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        any = TRUE;
        good = import_file(office, entity, path, accept_good, dry_run);
    }
    if (!any)
        refuse("%s holds no ENTITY.csv", folder);
    return good && any;
}

int cmd_import(struct office *office, int argc, char **argv)
{
    gboolean accept_good = FALSE, dry_run = FALSE;
    char *folder = NULL;
    GOptionEntry entries[] = {{"accept-good", 0, 0, G_OPTION_ARG_NONE, &accept_good, NULL, NULL},
                              {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, NULL, NULL},
                              {"dir", 0, 0, G_OPTION_ARG_FILENAME, &folder, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    if (folder ? argc != 1 : argc != 3)
        usage_error("import needs an entity and a file, or --dir FOLDER");
    const struct entity *entity = folder ? NULL : find_entity(argv[1]);
    g_autoptr(GError) error = NULL;
    if (!db_begin(office->db, &error) || !db_run(office->db, "SET LOCAL statement_timeout = '10min'", &error))
        return refuse_error(error);
    gboolean good = folder ? import_folder(office, folder, accept_good, dry_run)
                           : import_file(office, entity, argv[2], accept_good, dry_run);
    if (!good || dry_run) {
        db_rollback(office->db);
        return good ? 0 : 1;
    }
    if (!db_commit(office->db, &error))
        return refuse_error(error);
    office_notify(office);
    return 0;
}
