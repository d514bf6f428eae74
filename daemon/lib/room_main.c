/* A worker's main: options, and the queue. room_batch.c works through what comes, room_window.c commits it. */
#include <signal.h>
#include <unistd.h>

#include "control.h"
#include "kill_point.h"
#include "log.h"
#include "maildir.h"
#include "patience.h"
#include "problems.h"
#include "room_shared.h"
#include "secret.h"
#include "wire.h"

#define CREDIT 2

/* --- the queue */

static void say_done(struct desk *desk, guint64 batch, GArray *ids, guint done)
{
    struct wire_frame frame = {.kind = WIRE_DONE, .batch = batch};
    g_strlcpy(frame.incarnation, process_incarnation(), sizeof frame.incarnation);
    frame.ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    frame.back = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < ids->len; i++)
        g_array_append_vals(i < done ? frame.ids : frame.back, &g_array_index(ids, gint64, i), 1);
    g_autoptr(GBytes) bytes = wire_encode(&frame);
    (void)!bus_send(desk->bus, NULL, bytes); /* lost: the scheduler finds the truth in the database */
    wire_clear(&frame);
    KILL_POINT(worker, done_said);
}

static void say_hello(struct desk *desk)
{
    struct wire_frame hello = {.kind = WIRE_HELLO, .pid = (guint32)getpid(), .credit = CREDIT};
    g_strlcpy(hello.room, desk->room->name, sizeof hello.room);
    g_strlcpy(hello.incarnation, process_incarnation(), sizeof hello.incarnation);
    g_autoptr(GBytes) bytes = wire_encode(&hello);
    (void)!bus_send(desk->bus, NULL, bytes);
}

static void say_beat(struct loop *loop UNUSED, void *with)
{
    struct desk *desk = with;
    patience_look(desk->db);
    struct wire_frame beat = {.kind = WIRE_BEAT, .progress = desk->progress};
    g_strlcpy(beat.incarnation, process_incarnation(), sizeof beat.incarnation);
    g_autoptr(GBytes) bytes = wire_encode(&beat);
    (void)!bus_send(desk->bus, NULL, bytes);
}

static void frames_ready(struct loop *loop, void *with)
{
    struct desk *desk = with;
    for (;;) {
        g_autoptr(GBytes) bytes = bus_receive(desk->bus, NULL);
        struct wire_frame frame;
        if (!bytes)
            break;
        if (!wire_decode(bytes, &frame))
            continue;
        if (frame.kind == WIRE_JOBS && desk_should_stop(desk))
            say_done(desk, frame.batch, frame.ids, 0);
        else if (frame.kind == WIRE_JOBS)
            say_done(desk, frame.batch, frame.ids, desk_do_batch(desk, frame.ids, frame.parties));
        else if (frame.kind == WIRE_WHO)
            say_hello(desk);
        desk->draining = desk->draining || frame.kind == WIRE_DRAIN;
        wire_clear(&frame);
    }
    if (desk->draining)
        loop_stop(loop);
}

static void on_signal(struct loop *loop, int number, void *with)
{
    struct desk *desk = with;
    if (number != SIGTERM && number != SIGINT)
        return;
    desk->draining = TRUE;
    frames_ready(loop, desk); /* hands back what waits in the queue */
}

/* --- beginning */

static gboolean open_relay(struct desk *desk, GError **error)
{
    const struct settings *settings = desk->config->settings;
    if (desk->process.record)
        return TRUE;
    if (!settings->relay_url)
        return maildir_make(settings->maildir, error);
    char *password = NULL;
    if (settings->relay_password_source && !(password = secret_read(settings->relay_password_source, error)))
        return FALSE;
    const struct relay_settings relay = {.url = settings->relay_url,
                                         .starttls = settings->relay_starttls,
                                         .user = settings->relay_user,
                                         .password = password,
                                         .ca_file = settings->relay_ca_file,
                                         .timeout_s = settings->relay_timeout_s,
                                         .connections = settings->relay_connections};
    desk->relay = relay_open(&relay, error);
    secret_free(password);
    return desk->relay != NULL;
}

static gboolean open_desk(struct desk *desk, int share, GError **error)
{
    struct problems *problems = problems_new();
    desk->config = config_load(desk->process.config_dir, desk->process.dir, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        log_error("%s", problems_text(problems, i));
    problems_free(problems);
    desk->schedule = desk->config ? config_schedule(desk->config, desk->room->name) : NULL;
    if (!desk->schedule) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "there is no schedule for %s in force", desk->room->name);
        return FALSE;
    }
    g_autofree char *queue = g_strdup_printf("queue/%s", desk->room->name);
    g_autofree char *path = process_run_path(desk->process.dir, queue);
    desk->db = patience_open(desk->process.database, desk->room->name, error);
    if (!desk->db || !open_relay(desk, error))
        return FALSE;
    desk->meter = meter_open(desk->process.redis, share);
    desk->bus = bus_connect(path, process_incarnation(), error);
    return desk->bus != NULL;
}

int room_main(int argc, char **argv, const struct room *room)
{
    struct desk desk = {.room = room};
    int share = 1;
    GOptionEntry extra[] = {{"share", 0, 0, G_OPTION_ARG_INT, &share, "workers of all rooms", "N"}, {0}};
    process_start(&argc, &argv, "A room of ticklerd. Started by ticklerd.", extra, &desk.process);
    process_follow_parent();
    desk.templates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, template_free);
    desk.claimed = g_ptr_array_new_with_free_func(claim_free);
    desk.doubts = g_ptr_array_new_with_free_func(claim_free);
    desk.events = g_ptr_array_new();
    desk.keys = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    desk.retried = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    desk.loop = loop_new();
    g_autoptr(GError) error = NULL;
    control_beat(desk.loop, desk.process.dir);
    if (!open_desk(&desk, share, &error)) {
        log_error("%s", error->message);
        return 1;
    }
    loop_signals(desk.loop, on_signal, &desk);
    loop_watch_bus(desk.loop, desk.bus, frames_ready, &desk);
    loop_every(desk.loop, 500, say_beat, &desk);
    say_hello(&desk);
    loop_run(desk.loop);
    control_close();
    bus_close(&desk.bus);
    relay_close(&desk.relay);
    meter_close(&desk.meter);
    db_close(&desk.db);
    return 0;
}
