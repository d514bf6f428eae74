/*
 * ticklerd, the supervisor: starts, watches, restarts and stops the other programs. It holds no database connection and
 * sends nothing; what it knows of a room is a row of the roster.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

#include "house.h"
#include "kill_point.h"
#include "log.h"
#include "notify.h"
#include "rooms.h"

#define BEAT_SILENCE_US SECONDS(30)
#define FRESH_BEAT_US   SECONDS(10)
#define OURS_AWAY_US    SECONDS(5)

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

void house_drain(struct house *house, int exit_code)
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

/* The scheduler makes a task of it (scheduler/parked.c): we have no database. */
static void tell_parked(const struct house *house, const struct child *child)
{
    g_autofree char *dir = process_run_path(house->process.dir, "parked");
    g_autofree char *name = g_strdelimit(g_strdup(child->name), "/", '-'), *path = g_build_filename(dir, name, NULL);
    g_autofree char *why = g_strdup_printf("%s was started again and again, and ended each time", child->name);
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(dir, 0700) != 0 || !g_file_set_contents(path, why, -1, &error))
        log_error("%s is parked, and no task can tell of it: %s", child->name,
                  error ? error->message : g_strerror(errno));
}

static void ended(struct child *child, void *with)
{
    struct house *house = with;
    gboolean good = child->last_status == 0;
    if (child->parked && child->beats)
        tell_parked(house, child);
    if (house->draining) {
        all_gone(house);
    } else if (strcmp(child->class, "migrate") == 0) {
        house->migrated = good;
        if (good)
            house_add_workers(house); /* children_reap starts them */
        else
            house_drain(house, 1);
    } else if (strcmp(child->class, "scheduler") == 0 && good && (house->once || house->until)) {
        house_drain(house, 0);
    } else if (strcmp(child->class, "postgres") == 0 && child->parked) {
        log_error("Postgres does not stay up; its words are in %s", child->log);
        house_drain(house, 1);
    }
}

/* We ourselves were away (stopped, or the machine stood still): nobody's silence in that time means anything. */
static void forgive_silence(struct house *house)
{
    static gint64 last;
    if (last && clock_mono() - last > OURS_AWAY_US)
        children_all_beat_now(house->children);
    last = clock_mono();
}

static void every_second(struct loop *loop UNUSED, void *with)
{
    struct house *house = with;
    forgive_silence(house);
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
        (void)house_reload(house, scratch);
        break;
    case SIGUSR1: {
        AUTO_JS struct js *all = house_status(house);
        g_autofree char *line = js_print(all);
        log_info("%s", line);
        break;
    }
    default:
        log_info("asked to stop (signal %d)", number);
        house_drain(house, 0);
    }
}

static int run_house(struct house *house)
{
    loop_signals(house->loop, on_signal, house);
    loop_watch_bus(house->loop, house->control, house_hear_control, house);
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
    if (!house_open(&house, &error)) {
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
