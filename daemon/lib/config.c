/* The whole configuration, checked together and copied whole. */
#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "problems.h"

static void free_schedule(gpointer schedule)
{
    schedule_free(schedule);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted; NULL when it cannot be read. */
static GPtrArray *names_in(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    if (!dir)
        return NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_name);
    return names;
}

static void load_schedules(struct config *config, const GArray *days_off, struct problems *problems)
{
    g_autofree char *folder = g_build_filename(config->dir, "schedules", NULL);
    g_autoptr(GPtrArray) names = names_in(folder);
    if (!names) {
        problems_add(problems, folder, 0, 0, "the folder of schedules cannot be read: %s", g_strerror(errno));
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!g_str_has_suffix(name, ".yaml"))
            continue;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *worker = g_strndup(name, strlen(name) - strlen(".yaml"));
        g_autofree char *templates = g_build_filename(config->dir, "templates", worker, NULL);
        struct schedule *schedule = schedule_load(path, templates, days_off, problems);
        if (schedule)
            g_ptr_array_add(config->schedules, schedule);
    }
}

struct config *config_load(const char *config_dir, const char *state_dir, struct problems *problems)
{
    guint before = problems_count(problems);
    struct config *config = g_new0(struct config, 1);
    config->dir = g_strdup(config_dir);
    config->schedules = g_ptr_array_new_with_free_func(free_schedule);
    g_autofree char *path = g_build_filename(config_dir, "ticklerd.yaml", NULL);
    config->settings = settings_load(path, state_dir, problems);
    load_schedules(config, config->settings ? config->settings->days_off : NULL, problems);
    config->rules = rules_load(config_dir, problems);
    for (guint i = 0; config->settings && i < config->settings->rooms->len; i++) {
        const struct settings_room *room = config->settings->rooms->pdata[i];
        if (room->processes > 0 && problems_count(problems) == before && !config_schedule(config, room->worker))
            problems_add(problems, path, 0, 0, "room '%s' has no schedules/%s.yaml", room->worker, room->worker);
    }
    if (problems_count(problems) > before)
        g_clear_pointer(&config, config_free);
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    g_free(config->dir);
    settings_free(config->settings);
    g_ptr_array_unref(config->schedules);
    rules_free(config->rules);
    g_free(config);
}

const struct schedule *config_schedule(const struct config *config, const char *worker)
{
    for (guint i = 0; i < config->schedules->len; i++) {
        const struct schedule *schedule = config->schedules->pdata[i];
        if (strcmp(schedule->worker, worker) == 0)
            return schedule;
    }
    return NULL;
}

static gboolean copy_tree(const char *from, const char *to, GError **error)
{
    if (!g_file_test(from, G_FILE_TEST_IS_DIR)) {
        g_autofree char *bytes = NULL;
        gsize length;
        return g_file_get_contents(from, &bytes, &length, error) &&
               g_file_set_contents(to, bytes, (gssize)length, error);
    }
    if (g_mkdir_with_parents(to, 0700) != 0) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot make %s: %s", to,
                    g_strerror(errno));
        return FALSE;
    }
    g_autoptr(GPtrArray) names = names_in(from);
    if (!names) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot read the folder %s: %s", from,
                    g_strerror(errno));
        return FALSE;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *source = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *target = g_build_filename(to, names->pdata[i], NULL);
        if (!copy_tree(source, target, error))
            return FALSE;
    }
    return TRUE;
}

void config_remove(const char *folder)
{
    g_autoptr(GPtrArray) names = g_file_test(folder, G_FILE_TEST_IS_SYMLINK) ? NULL : names_in(folder);
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        config_remove(path);
    }
    (void)g_remove(folder);
}

gboolean config_copy(const char *config_dir, const char *to, GError **error)
{
    static const char *const parts[] = {"ticklerd.yaml", "schedules", "rules", "templates"};
    g_autofree char *fresh = g_strconcat(to, ".new", NULL), *old = g_strconcat(to, ".old", NULL);
    config_remove(fresh);
    config_remove(old);
    if (g_mkdir_with_parents(fresh, 0700) != 0) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot make %s: %s", fresh,
                    g_strerror(errno));
        return FALSE;
    }
    for (gsize i = 0; i < ARRAY_LEN(parts); i++) {
        g_autofree char *source = g_build_filename(config_dir, parts[i], NULL);
        g_autofree char *target = g_build_filename(fresh, parts[i], NULL);
        if (g_file_test(source, G_FILE_TEST_EXISTS) && !copy_tree(source, target, error))
            return FALSE;
    }
    gboolean moved = g_rename(to, old) == 0;
    if ((!moved && errno != ENOENT) || g_rename(fresh, to) != 0) {
        int why = errno;
        if (moved)
            (void)g_rename(old, to); /* what was in force stays */
        errno = why;
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot put %s into place: %s", to,
                    g_strerror(errno));
        return FALSE;
    }
    config_remove(old);
    return TRUE;
}
