/*
 * ticklerd, the supervisor: starts, watches, restarts and stops the other programs. It holds no database connection and
 * sends nothing; what it knows of a room is a row of the roster.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "children.h"
#include "config.h"
#include "embedded.h"
#include "kill_point.h"
#include "log.h"
#include "notify.h"
#include "problems.h"
#include "process.h"
#include "rooms.h"

#define BEAT_SILENCE_US SECONDS(30)
#define FRESH_BEAT_US   SECONDS(10)

struct house {
    struct process process;
    char *config_source; /* what the admin edits */
    char *in_force;      /* the checked copy */
    char *until;
    gboolean once;
    struct config *config;
    struct children *children;
    struct loop *loop;
    struct bus *control;
    gboolean draining, ready, migrated;
    int exit_code;
    int drain_timer;
};

/* --- what to start */

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

static gboolean add_servers(struct house *house, GError **error)
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

static void add_migration(struct house *house)
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

static void staff_rooms(struct house *house)
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

static void add_workers(struct house *house)
{
    add_scheduler(house);
    staff_rooms(house);
}

/* --- ending */

static void all_gone(struct house *house)
{
    if (children_running(house->children, FALSE) == 0 && children_running(house->children, TRUE) > 0)
        children_signal(house->children, TRUE, SIGTERM);
    if (children_running(house->children, FALSE) + children_running(house->children, TRUE) == 0)
        loop_stop(house->loop);
}

static void drain_ran_out(struct loop *loop UNUSED, void *with)
{
    struct house *house = with;
    if (children_running(house->children, FALSE)) {
        log_warning("%u processes did not drain in time; killed (their jobs are offered again)",
                    children_running(house->children, FALSE));
        children_signal(house->children, FALSE, SIGKILL);
    }
}

static void drain(struct house *house, int exit_code)
{
    if (house->draining) { /* asked twice: at once */
        children_signal(house->children, FALSE, SIGKILL);
        return;
    }
    house->draining = TRUE;
    house->exit_code = exit_code;
    notify_systemd("STOPPING=1\nSTATUS=draining");
    children_stop_starting(house->children);
    children_signal(house->children, FALSE, SIGTERM);
    KILL_POINT(supervisor, draining);
    /* Two seconds less than promised: the servers end after the workers. */
    guint drain_s = (guint)MAX(house->config->settings->drain_s - 2, 1);
    house->drain_timer = loop_after(house->loop, drain_s * 1000, drain_ran_out, house);
    all_gone(house);
}

static void ended(struct child *child, void *with)
{
    struct house *house = with;
    gboolean good = child->last_status == 0;
    if (house->draining) {
        all_gone(house);
    } else if (strcmp(child->class, "migrate") == 0) {
        house->migrated = good;
        if (good)
            add_workers(house); /* children_reap starts them */
        else
            drain(house, 1);
    } else if (strcmp(child->class, "scheduler") == 0 && good && (house->once || house->until)) {
        drain(house, 0);
    } else if (strcmp(child->class, "postgres") == 0 && child->parked) {
        log_error("Postgres does not stay up; its words are in %s", child->log);
        drain(house, 1);
    }
}

/* --- reload */

static struct config *check(const struct house *house, struct problems *problems)
{
    struct config *config = config_load(house->config_source, house->process.dir, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        log_error("%s", problems_text(problems, i));
    return config;
}

/* Scheduler and rooms drain and come back with the new configuration; rooms that it does not staff stay away. */
static void renew_workers(struct house *house)
{
    for (guint i = 0; i < children_count(house->children); i++) {
        struct child *child = children_at(house->children, i);
        if (!child->beats)
            continue;
        child->retired = strcmp(child->class, "scheduler") != 0;
        child->parked = FALSE;
        child->renewing = TRUE;
        if (child->pid)
            kill(child->pid, SIGTERM);
        KILL_POINT(supervisor, reload_renewing);
    }
    staff_rooms(house);
}

static gboolean reload(struct house *house, struct js *reply)
{
    notify_systemd("STATUS=reloading");
    struct problems *problems = problems_new();
    struct config *config = check(house, problems);
    g_autoptr(GError) error = NULL;
    gboolean good = config && config_copy(house->config_source, house->in_force, &error);
    struct js *list = js_array();
    for (guint i = 0; i < problems_count(problems); i++)
        js_add_text(list, problems_text(problems, i));
    if (error)
        js_add_text(list, error->message);
    js_set(reply, "problems", list);
    problems_free(problems);
    if (!good) {
        config_free(config);
        log_error("reload refused: the running configuration stays in force");
        notify_systemd("STATUS=reload refused: the running configuration stays in force");
        return FALSE;
    }
    config_free(house->config);
    house->config = config;
    KILL_POINT(supervisor, reload_copied);
    renew_workers(house);
    children_start(house->children);
    log_info("reloaded");
    notify_systemd("STATUS=running");
    return TRUE;
}

/* --- the control socket */

static struct js *status(const struct house *house)
{
    struct js *all = js_object();
    js_set_int(all, "pid", getpid());
    js_set_bool(all, "ready", house->ready);
    js_set_bool(all, "draining", house->draining);
    js_set(all, "processes", children_status(house->children));
    return all;
}

static struct js *answer(struct house *house, const char *what)
{
    struct js *reply = js_object();
    if (strcmp(what, "status") == 0)
        js_set(reply, "status", status(house));
    else if (strcmp(what, "reload") == 0)
        js_set_bool(reply, "good", reload(house, reply));
    else if (strcmp(what, "stop") == 0)
        drain(house, 0);
    else
        js_set_text(reply, "refused", "known are status, reload and stop");
    return reply;
}

static void hear(struct house *house, GBytes *frame, const char *from)
{
    gsize length;
    const char *text = g_bytes_get_data(frame, &length);
    AUTO_JS struct js *request = js_parse(text, length, NULL);
    if (!request)
        return;
    if (!js_get_text(request, "do")) {
        children_beat(house->children, (int)js_get_int(request, "beat", 0));
        return;
    }
    AUTO_JS struct js *reply = answer(house, js_get_text(request, "do"));
    g_autofree char *line = js_print(reply);
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));
    if (!bus_send(house->control, from, bytes))
        log_debug("a client of the control socket left before its answer");
}

static void control_ready(struct loop *loop UNUSED, void *with)
{
    struct house *house = with;
    for (;;) {
        g_autofree char *from = NULL;
        g_autoptr(GBytes) frame = bus_receive(house->control, &from);
        if (!frame)
            return;
        hear(house, frame, from);
    }
}

static void every_second(struct loop *loop UNUSED, void *with)
{
    struct house *house = with;
    children_start(house->children);
    if (house->draining)
        return;
    /* A worker says nothing while it waits for a relay. */
    children_check_beats(house->children, BEAT_SILENCE_US + SECONDS(house->config->settings->relay_timeout_s));
    if (!house->ready && house->migrated && children_all_beat(house->children, FRESH_BEAT_US)) {
        house->ready = TRUE;
        log_info("ready");
        notify_systemd("READY=1\nSTATUS=running");
    }
}

static void feed_watchdog(struct loop *loop UNUSED, void *with)
{
    struct house *house = with;
    if (!house->ready || children_all_beat(house->children, FRESH_BEAT_US))
        notify_systemd("WATCHDOG=1");
}

static void on_signal(struct loop *loop UNUSED, int number, void *with)
{
    struct house *house = with;
    AUTO_JS struct js *scratch = js_object();
    switch (number) {
    case SIGCHLD:
        children_reap(house->children);
        break;
    case SIGHUP:
        (void)reload(house, scratch);
        break;
    case SIGUSR1: {
        AUTO_JS struct js *all = status(house);
        g_autofree char *line = js_print(all);
        log_info("%s", line);
        break;
    }
    default:
        log_info("asked to stop (signal %d)", number);
        drain(house, 0);
    }
}

/* --- beginning */

/* One supervisor a directory; the kernel lets go of the lock when we die. */
static gboolean lock_directory(const struct house *house, GError **error)
{
    g_autofree char *run = g_build_filename(house->process.dir, "run", NULL),
                    *path = g_build_filename(run, "lock", NULL);
    int fd = g_mkdir_with_parents(run, 0700) == 0 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        g_autofree char *pid = g_strdup_printf("%d\n", getpid());
        if (ftruncate(fd, 0) == 0 && write(fd, pid, strlen(pid)) > 0)
            return TRUE; /* the descriptor stays open: it is the lock */
    }
    int why = errno;
    g_autofree char *holder = NULL;
    if (fd >= 0 && why == EWOULDBLOCK && g_file_get_contents(path, &holder, NULL, NULL))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "another ticklerd (process %s) works on %s",
                    g_strstrip(holder), house->process.dir);
    else
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(why), "cannot lock %s: %s", path,
                    g_strerror(why));
    if (fd >= 0)
        close(fd);
    return FALSE;
}

static gboolean make_config(struct house *house, GError **error)
{
    g_autofree char *main_file = g_build_filename(house->config_source, "ticklerd.yaml", NULL), *share = share_dir();
    if (g_file_test(main_file, G_FILE_TEST_EXISTS))
        return TRUE;
    log_info("%s is missing: made from the shipped defaults", main_file);
    return config_copy(share, house->config_source, error);
}

static gboolean open_house(struct house *house, GError **error)
{
    if (geteuid() == 0 && !house->process.database)
        return embedded_prepare(house->process.dir, error); /* it refuses in one sentence */
    if (!lock_directory(house, error) || !make_config(house, error))
        return FALSE;
    KILL_POINT(supervisor, locked);
    struct problems *problems = problems_new();
    house->config = check(house, problems);
    guint wrong = problems_count(problems);
    problems_free(problems);
    if (!house->config) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%u problems in %s; mend them and start again", wrong,
                    house->config_source);
        return FALSE;
    }
    g_autofree char *control = process_run_path(house->process.dir, "control");
    gboolean rehearsal = house->process.database != NULL;
    if (!config_copy(house->config_source, house->in_force, error) || !add_servers(house, error))
        return FALSE;
    house->control = bus_listen(control, error);
    if (!house->control)
        return FALSE;
    house->migrated = rehearsal;
    if (rehearsal)
        add_workers(house);
    else
        add_migration(house);
    return TRUE;
}

static int run_house(struct house *house)
{
    loop_signals(house->loop, on_signal, house);
    loop_watch_bus(house->loop, house->control, control_ready, house);
    loop_every(house->loop, 500, every_second, house);
    guint watchdog_ms = notify_watchdog_ms();
    if (watchdog_ms)
        loop_every(house->loop, watchdog_ms, feed_watchdog, house);
    children_start(house->children);
    loop_run(house->loop);
    log_info("stopped");
    return house->exit_code;
}

/* ZeroMQ leaves the files of its sockets. Everybody has ended and the directory is locked: they are nobody's. */
static void remove_sockets(const struct house *house)
{
    g_autofree char *control = process_run_path(house->process.dir, "control");
    g_unlink(control);
    for (gsize i = 0; i < rooms_count; i++) {
        g_autofree char *name = g_strdup_printf("queue/%s", rooms[i].name);
        g_autofree char *path = process_run_path(house->process.dir, name);
        g_unlink(path);
    }
}

int main(int argc, char **argv)
{
    struct house house = {0};
    GOptionEntry extra[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &house.once, "stop when nothing is left to do", NULL},
        {"until", 0, 0, G_OPTION_ARG_STRING, &house.until, "stop when the virtual clock gets there", "INSTANT"},
        {0},
    };
    process_start(&argc, &argv,
                  "ticklerd: the tickler file that minds itself. Example: ticklerd --dir /var/lib/ticklerd", extra,
                  &house.process);
    house.config_source = house.process.config_dir ? g_strdup(house.process.config_dir)
                                                   : g_build_filename(house.process.dir, "config", NULL);
    if (g_str_has_suffix(house.config_source, ".yaml")) { /* the file was named instead of its folder */
        char *folder = g_path_get_dirname(house.config_source);
        g_free(house.config_source);
        house.config_source = folder;
    }
    house.in_force = process_run_path(house.process.dir, "in_force");
    house.children = children_new(ended, &house);
    house.loop = loop_new();
    g_autoptr(GError) error = NULL;
    if (!open_house(&house, &error)) {
        log_error("%s", error->message);
        return 1;
    }
    int code = run_house(&house);
    bus_close(&house.control);
    remove_sockets(&house);
    children_free(house.children);
    loop_free(&house.loop);
    config_free(house.config);
    return code;
}
