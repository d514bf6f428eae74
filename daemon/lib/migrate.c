/* Schema files in order. A file is never edited once applied: its digest is on record. */
#include "migrate.h"

#include <string.h>

#include "crypto.h"
#include "kill_point.h"
#include "libtickler_sql.h"

static void migration_free(gpointer data)
{
    struct migration *migration = data;
    g_free(migration->name);
    g_free(migration);
}

static int by_number(gconstpointer a, gconstpointer b)
{
    const struct migration *left = *(struct migration *const *)a, *right = *(struct migration *const *)b;
    return left->number - right->number;
}

static GPtrArray *files_in(const char *folder, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
    if (!dir)
        return NULL;
    GPtrArray *files = g_ptr_array_new_with_free_func(migration_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(name, ".sql"))
            continue;
        struct migration *migration = g_new0(struct migration, 1);
        migration->number = (int)g_ascii_strtoll(name, NULL, 10);
        migration->name = g_strdup(name);
        g_ptr_array_add(files, migration);
    }
    g_ptr_array_sort(files, by_number);
    return files;
}

static char *read_file(const char *folder, const char *name, char **ret_digest, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, error))
        return NULL;
    *ret_digest = crypto_sha256_hex(text, length);
    return text;
}

static gboolean is_unchanged(const char *folder, const struct migration *file, const struct db_rows *applied, int row,
                             GError **error)
{
    g_autofree char *digest = NULL, *text = read_file(folder, file->name, &digest, error);
    if (!text)
        return FALSE;
    if (strcmp(digest, db_text(applied, row, "digest")) == 0)
        return TRUE;
    g_set_error(error, DB_ERROR, DB_REFUSED,
                "%s/%s was edited after it was applied; put it back and add a new file "
                "instead",
                folder, file->name);
    return FALSE;
}

static gboolean compare(GPtrArray *files, const char *folder, const struct db_rows *applied, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        struct migration *file = files->pdata[i];
        if (file->number != (int)i + 1) {
            g_set_error(error, DB_ERROR, DB_REFUSED, "%s: number %03u is missing before %s", folder, i + 1, file->name);
            return FALSE;
        }
        file->applied = (int)i < db_rows_count(applied);
        if (file->applied && !is_unchanged(folder, file, applied, (int)i, error))
            return FALSE;
    }
    if (db_rows_count(applied) <= (int)files->len)
        return TRUE;
    g_set_error(error, DB_ERROR, DB_REFUSED,
                "the database has schema %d and this ticklerd knows %u: it is older than "
                "the database; install the newer one",
                db_rows_count(applied), files->len);
    return FALSE;
}

GPtrArray *migrate_list(struct db *db, const char *folder, GError **error)
{
    GPtrArray *files = files_in(folder, error);
    if (!files)
        return NULL;
    gint64 made = db_touched(db_ask(db, &sql_migration_table, 0, NULL, error));
    AUTO_ROWS struct db_rows *applied = made < 0 ? NULL : db_ask(db, &sql_migration_applied, 0, NULL, error);
    if (applied && compare(files, folder, applied, error))
        return files;
    g_ptr_array_unref(files);
    return NULL;
}

static gboolean apply_one(struct db *db, const char *folder, const struct migration *file, const char *at,
                          GError **error)
{
    g_autofree char *digest = NULL, *text = read_file(folder, file->name, &digest, error);
    g_autofree char *number = g_strdup_printf("%d", file->number);
    gboolean good = text && db_run(db, text, error);
    if (good)
        KILL_POINT(migrate, stepped);
    if (!good || db_tell(db, &sql_migration_note, error, number, file->name, digest, at) < 0) {
        g_prefix_error(error, "%s: ", file->name);
        return FALSE;
    }
    return TRUE;
}

/* One transaction for all: the lock is held until the end, and a half-made schema is never seen. An index on a large
 * table takes as long as it takes. */
static int apply_all(struct db *db, const char *folder, const char *at, GError **error)
{
    AUTO_ROWS struct db_rows *lock = db_ask(db, &sql_migration_lock, 0, NULL, error);
    gboolean patient = lock && db_run(db, "SET LOCAL statement_timeout = 0", error);
    g_autoptr(GPtrArray) files = patient ? migrate_list(db, folder, error) : NULL;
    int applied = files ? 0 : -1;
    for (guint i = 0; files && applied >= 0 && i < files->len; i++) {
        const struct migration *file = files->pdata[i];
        if (!file->applied)
            applied = apply_one(db, folder, file, at, error) ? applied + 1 : -1;
    }
    return applied;
}

int migrate_apply(struct db *db, const char *folder, const char *at, GError **error)
{
    if (!db_begin(db, error))
        return -1;
    int applied = apply_all(db, folder, at, error);
    if (applied >= 0)
        KILL_POINT(migrate, applied);
    if (applied >= 0 && db_commit(db, error))
        return applied;
    db_rollback(db);
    return -1;
}
