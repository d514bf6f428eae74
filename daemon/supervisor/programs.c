/* programs.c: which programs this house runs, and with which words. */
#include <string.h>

#include "embedded.h"
#include "house.h"
#include "log.h"
#include "rooms.h"

static char **command(const struct house *house, const char *program, GPtrArray *more)
{
    g_autofree char *bin = programs_dir();
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, g_build_filename(bin, program, NULL));
    const char *const pairs[] = {"--dir",      house->process.dir,
                                 "--config",   house->in_force,
                                 "--database", house->process.database,
                                 "--redis",    house->process.redis ? house->process.redis : "none"};
    for (gsize i = 0; i < ARRAY_LEN(pairs); i++)
        g_ptr_array_add(argv, g_strdup(pairs[i]));
    if (house->process.clock) {
        g_ptr_array_add(argv, g_strdup("--clock"));
        g_ptr_array_add(argv, g_strdup(house->process.clock));
    }
    if (house->process.record)
        g_ptr_array_add(argv, g_strdup("--record"));
    for (guint i = 0; more && i < more->len; i++)
        g_ptr_array_add(argv, g_strdup(more->pdata[i]));
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

gboolean house_add_servers(struct house *house, GError **error)
{
    const struct settings *settings = house->config->settings;
    if (!house->process.database && strcmp(settings->postgres_url, "embedded") == 0) {
        char **argv =
            embedded_prepare(house->process.dir, error) ? embedded_postgres_argv(house->process.dir, error) : NULL;
        if (!argv)
            return FALSE;
        children_add(house->children, "postgres", 0, argv)->log = process_run_path(house->process.dir, "postgres.log");
        house->process.database = embedded_url(house->process.dir, "ticklerd_app");
    }
    if (!house->process.database)
        house->process.database = g_strdup(settings->postgres_url);
    if (!house->process.redis && !house->process.clock && strcmp(settings->redis_socket, "embedded") == 0) {
        struct child *redis = children_add(house->children, "redis", 0, embedded_redis_argv(house->process.dir));
        redis->log = process_run_path(house->process.dir, "redis.log");
        house->process.redis = embedded_redis_socket(house->process.dir);
    } else if (!house->process.redis && !house->process.clock && strcmp(settings->redis_socket, "none") != 0) {
        house->process.redis = g_strdup(settings->redis_socket);
    }
    return TRUE;
}

void house_add_migration(struct house *house)
{
    g_autofree char *bin = programs_dir();
    const char *const argv[] = {g_build_filename(bin, "tickler", NULL),
                                "--dir",
                                house->process.dir,
                                "--config",
                                house->config_source,
                                "migrate",
                                "--wait",
                                NULL};
    children_add(house->children, "migrate", 0, g_strdupv((char **)argv))->once = TRUE;
    g_free((char *)argv[0]);
}

static void add_scheduler(struct house *house)
{
    g_autoptr(GPtrArray) more = g_ptr_array_new();
    if (house->once)
        g_ptr_array_add(more, (gpointer) "--once");
    if (house->until) {
        g_ptr_array_add(more, (gpointer) "--until");
        g_ptr_array_add(more, house->until);
    }
    children_add(house->children, "scheduler", 0, command(house, "ticklerd-scheduler", more))->beats = TRUE;
}

/* A rehearsal is one line. */
static int processes_of(const struct house *house, const struct settings_room *room)
{
    return house->process.clock ? MIN(room->processes, 1) : room->processes;
}

/* The relay's limits are one for all rooms: without Redis each worker of any room has its part of them. */
static int count_workers(const struct house *house)
{
    const GPtrArray *rooms = house->config->settings->rooms;
    int workers = 0;
    for (guint i = 0; i < rooms->len; i++)
        workers += processes_of(house, rooms->pdata[i]);
    return workers;
}

/* One process of a room; the one that is there gets the new command line. */
static void staff_room(struct house *house, const struct room_row *row, int number, int workers_of_all)
{
    g_autofree char *name = g_strdup_printf("%s/%d", row->name, number);
    g_autofree char *workers = g_strdup_printf("%d", workers_of_all);
    g_autoptr(GPtrArray) share = g_ptr_array_new();
    g_ptr_array_add(share, (gpointer) "--share");
    g_ptr_array_add(share, workers);
    char **argv = command(house, row->program, share);
    struct child *child = children_find(house->children, name);
    if (child) {
        g_strfreev(child->argv);
        child->argv = argv;
    } else {
        child = children_add(house->children, row->name, number, argv);
    }
    child->beats = TRUE;
    child->retired = FALSE;
}

void house_staff_rooms(struct house *house)
{
    int workers = count_workers(house);
    for (guint i = 0; i < house->config->settings->rooms->len; i++) {
        const struct settings_room *room = house->config->settings->rooms->pdata[i];
        const struct room_row *row = rooms_find(room->worker);
        for (int number = 1; row && number <= processes_of(house, room); number++)
            staff_room(house, row, number, workers);
        if (!row)
            log_error("there is no room '%s' in this build", room->worker);
    }
}

void house_add_workers(struct house *house)
{
    add_scheduler(house);
    house_staff_rooms(house);
}
