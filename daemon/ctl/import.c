/*
 * tickler import: CSV into a staging table with each row's line, checks, upsert; all or nothing, or the good rows with
 * --accept-good. Cells are checked while they are read; what needs the database is asked once for all rows.
 */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "desk.h"
#include "import.h"
#include "kill_point.h"
#include "problems.h"
#include "rules.h"
#include "tickler_sql.h"

/* --- rows into the staging table */

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
    if (!db_run(in->office->db, make->str, error) || !db_copy_begin(in->office->db, copy->str, error) ||
        !db_copy_put(in->office->db, in->copy->str, in->copy->len, error))
        return FALSE;
    KILL_POINT(import, staging);
    return db_copy_end(in->office->db, error) >= 0;
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
        import_refuse_row(in, (int)db_int(rows, r, "line"), db_text(rows, r, "column"), reason);
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
    if (!import_read(in) || !stage_rows(in, error))
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
    KILL_POINT(import, staged);
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
    if (import_reasons_unsaid(&in))
        fprintf(stderr, "... and %u more reasons\n", import_reasons_unsaid(&in));
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
    KILL_POINT(import, applied);
    if (!db_commit(office->db, &error))
        return refuse_error(error);
    KILL_POINT(import, committed);
    office_notify(office);
    return 0;
}
