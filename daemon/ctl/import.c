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
#include "problems.h"
#include "rules.h"
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
    GHashTable *ids;     /* own ids seen: text -> line */
    GHashTable *refused; /* lines, each once */
    guint shown;
    GString *copy;
    gint64 imported, updated, total;
};

static void refuse_row(struct import *in, int line, const char *column, const char *reason)
{
    if (in->shown++ < REFUSED_SHOWN)
        fprintf(stderr, "%s:%d: %s%s%s\n", in->path, line, column ? column : "", column ? ": " : "", reason);
    g_hash_table_add(in->refused, GINT_TO_POINTER(line));
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
    gboolean good = TRUE;
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
        g_autofree char *why = import_check_cell(column, cells[in->map[i]]);
        if (why)
            refuse_row(in, line, column->name, why);
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
           db_copy_put(in->office->db, in->copy->str, in->copy->len, error) && db_copy_end(in->office->db, error) >= 0;
}

/* --- checks that need the database, and the upsert */

/* The rows of a rule pack as the configuration has them now, the same as will be in force. */
static const char *rules_of(const struct office *office, const char *name)
{
    for (gsize i = 0; i < RULE_PACKS; i++)
        if (strcmp(office->config->rules->packs[i].name, name) == 0)
            return office->config->rules->packs[i].rows;
    return "[]";
}

/* The item of the rules that is nearest to `word`, or NULL; lives as long as the words of the program. */
static const char *nearest_item(const char *rules, const char *word)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    AUTO_JS struct js *rows = js_parse(rules, strlen(rules), NULL);
    for (gsize i = 0; rows && i < js_length(rows); i++)
        g_ptr_array_add(items, (gpointer)js_get_text(js_at(rows, i), "item"));
    const char *near = word ? nearest_word(word, (const char *const *)items->pdata, items->len) : NULL;
    return near && strcmp(near, word) != 0 ? g_intern_string(near) : NULL;
}

static gboolean take_refusals(struct import *in, const struct sql *check, GError **error)
{
    struct sql fresh = *check; /* the staging table is another each time: its plans are not kept */
    g_autofree char *name = g_strdup_printf("%s %s", check->name, in->entity->name);
    fresh.name = name;
    const char *rules = check == in->entity->check ? in->entity->rules : NULL;
    const char *values[] = {rules ? rules_of(in->office, rules) : NULL};
    /* Joins in the order in which the checks write them, from the file's rows to what they name: what the planner knows
     * of tables that this transaction has filled may be old. */
    if (!db_run(in->office->db, "SET LOCAL join_collapse_limit = 1", error))
        return FALSE;
    AUTO_ROWS struct db_rows *rows = db_ask(in->office->db, &fresh, rules ? 1 : 0, values, error);
    if (rows && !db_run(in->office->db, "SET LOCAL join_collapse_limit TO DEFAULT", error))
        return FALSE;
    for (int r = 0; rows && r < db_rows_count(rows); r++) {
        const char *near = rules ? nearest_item(values[0], db_text(rows, r, "word")) : NULL;
        g_autofree char *reason =
            g_strconcat(db_text(rows, r, "reason"), near ? "; did you mean " : NULL, near, near ? "?" : NULL, NULL);
        refuse_row(in, (int)db_int(rows, r, "line"), db_text(rows, r, "column"), reason);
    }
    return rows != NULL;
}

static gboolean drop_refused(struct import *in, GError **error)
{
    AUTO_ARRAY struct db_array *lines = db_array_new();
    GHashTableIter at;
    gpointer line;
    g_hash_table_iter_init(&at, in->refused);
    while (g_hash_table_iter_next(&at, &line, NULL))
        db_array_add_int(lines, GPOINTER_TO_INT(line));
    struct sql fresh = sql_import_drop_lines;
    g_autofree char *name = g_strdup_printf("drop %s", in->entity->name);
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
    g_autofree char *name = g_strdup_printf("agencies %s", in->entity->name);
    fresh.name = name;
    return db_tell(in->office->db, &fresh, error, only) >= 0 && take_refusals(in, &sql_import_agency_check, error);
}

static gboolean ask_fresh(struct import *in, const struct sql *sql, struct db_rows **ret, GError **error)
{
    struct sql fresh = *sql;
    g_autofree char *name = g_strdup_printf("%s %s", sql->name, in->entity->name);
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
    in->updated = db_int(counts, 0, "updated") + (after ? db_int(after, 0, "updated") : 0);
    in->total = db_int(counts, 0, "total");
    /* What comes next in the folder, and the rooms' plans, must not guess how many rows there are now. */
    return in->imported + in->updated < 100 ||
           db_tell(in->office->db, &sql_import_analyze, error, in->entity->table) >= 0;
}

static gboolean note_import(struct import *in, GError **error)
{
    g_autofree char *now = now_text(), *agency = in->office->agency ? office_agency_text(in->office) : NULL;
    g_autofree char *imported = g_strdup_printf("%" G_GINT64_FORMAT, in->imported);
    g_autofree char *updated = g_strdup_printf("%" G_GINT64_FORMAT, in->updated);
    g_autofree char *unchanged = g_strdup_printf("%" G_GINT64_FORMAT, in->total - in->imported - in->updated);
    g_autofree char *refused = g_strdup_printf("%u", g_hash_table_size(in->refused));
    struct sql fresh = sql_import_note;
    g_autofree char *name = g_strdup_printf("note %s", in->entity->name);
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
    if (!db_run(in->office->db, "ANALYZE stage", error))
        return FALSE;
    if (in->entity->check && (g_hash_table_size(in->refused) == 0 || in->accept_good) &&
        !take_refusals(in, in->entity->check, error))
        return FALSE;
    guint refused = g_hash_table_size(in->refused);
    if (refused && !in->accept_good)
        return FALSE;
    return (!refused || drop_refused(in, error)) && apply(in, error) && note_import(in, error);
}

static gboolean import_file(struct office *office, const struct entity *entity, const char *path, gboolean accept_good,
                            gboolean dry_run)
{
    struct import in = {
        .office = office, .entity = entity, .path = path, .accept_good = accept_good, .dry_run = dry_run};
    in.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    in.refused = g_hash_table_new(NULL, NULL);
    in.copy = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    gboolean good = import_in_transaction(&in, &error);
    if (error)
        refuse_error(error);
    if (in.shown > REFUSED_SHOWN)
        fprintf(stderr, "... and %u more reasons\n", in.shown - REFUSED_SHOWN);
    printf("%s: imported %" G_GINT64_FORMAT ", updated %" G_GINT64_FORMAT ", unchanged %" G_GINT64_FORMAT
           ", refused %u%s\n",
           entity->name, in.imported, in.updated, in.total - in.imported - in.updated, g_hash_table_size(in.refused),
           dry_run ? " (dry run: nothing was changed)"
           : good  ? ""
                   : " (nothing was changed)");
    g_hash_table_unref(in.ids);
    g_hash_table_unref(in.refused);
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
