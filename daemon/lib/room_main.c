/*
 * A worker's main: options, the queue, and the windows of a batch. For each window one transaction records what became
 * of the last one's letters, reads the subjects as they are now, decides, and claims; then it sends.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "desk.h"
#include "letter.h"
#include "libtickler_sql.h"
#include "log.h"
#include "maildir.h"
#include "problems.h"
#include "room_shared.h"
#include "secret.h"
#include "wire.h"

#define CREDIT 2

/* --- the window: whole parties */

struct window_of_jobs {
    struct db_array *ids;
    guint jobs;
};

static gboolean should_stop(struct desk *desk)
{
    sigset_t pending;
    sigpending(&pending);
    return desk->draining || sigismember(&pending, SIGTERM) == 1;
}

static struct job *read_job(const struct desk *desk, const struct db_rows *rows, int row)
{
    struct job *job = g_new0(struct job, 1);
    day cycle = DAY_NONE;
    if (!day_parse(db_text(rows, row, "cycle"), &cycle))
        g_error("a job's cycle is no date");
    *job = (struct job){.id = db_int(rows, row, "job_id"),
                        .agency = (int)db_int(rows, row, "agency_id"),
                        .subject_id = db_int(rows, row, "subject_id"),
                        .party_id = db_int(rows, row, "party_id"),
                        .subject = db_text(rows, row, "subject"),
                        .party = db_text(rows, row, "party"),
                        .cycle = cycle,
                        .step_id = db_text(rows, row, "step"),
                        .ordinal = (int)db_int(rows, row, "ordinal"),
                        .tries = (int)db_int(rows, row, "tries"),
                        .fired = db_bool(rows, row, "fired"),
                        .held = db_text(rows, row, "held"),
                        .rows = rows,
                        .row = row};
    job->step = schedule_step(desk->schedule, db_text(rows, row, "variant"), job->step_id);
    return job;
}

static gboolean handle_party(struct desk *desk, struct party *party, GError **error)
{
    room_decide(desk->room, party);
    return outbox_claim(desk, party, error) && outbox_verdicts(desk, party, error);
}

/* Rows come ordered by party: each run of one party is decided together. */
static gboolean handle_rows(struct desk *desk, const struct db_rows *rows, GHashTable *taken, GError **error)
{
    gboolean good = TRUE;
    instant now = clock_now();
    for (int row = 0; good && row < db_rows_count(rows);) {
        const char *name = db_text(rows, row, "party"), *agency = db_text(rows, row, "agency_id");
        struct party *party = party_new(desk->schedule, zone_day(desk->schedule->zone, now), now);
        for (; row < db_rows_count(rows) && strcmp(db_text(rows, row, "party"), name) == 0 &&
               strcmp(db_text(rows, row, "agency_id"), agency) == 0;
             row++) {
            gint64 id = db_int(rows, row, "job_id");
            if (!g_hash_table_contains(taken, &id))
                g_ptr_array_add(party->jobs, read_job(desk, rows, row));
        }
        good = party->jobs->len == 0 || handle_party(desk, party, error);
        party_free(party);
    }
    return good;
}

/* A job whose record is gone (a placement no longer bills that payer) has no row, so no party decides it: it is moot.
 * Left alone it would be offered again at once, for ever. */
static gboolean settle_without_record(struct desk *desk, const struct window_of_jobs *window,
                                      const struct db_rows *found, GHashTable *taken, GError **error)
{
    if ((guint)db_rows_count(found) >= window->jobs)
        return TRUE;
    AUTO_ROWS struct db_rows *open = db_ask_with(desk->db, &sql_job_still_ready, error, db_array_text(window->ids));
    AUTO_ARRAY struct db_array *ids = db_array_new(), *outcomes = db_array_new(), *reasons = db_array_new();
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    static const char why[] = "its record is gone";
    for (int row = 0; row < db_rows_count(found); row++)
        g_hash_table_add(known, (gpointer)db_text(found, row, "job_id"));
    for (int row = 0; open && row < db_rows_count(open); row++) {
        gint64 id = db_int(open, row, "job_id");
        if (g_hash_table_contains(known, db_text(open, row, "job_id")) || g_hash_table_contains(taken, &id))
            continue;
        db_array_add_int(ids, id);
        db_array_add(outcomes, "moot");
        db_array_add(reasons, why);
        g_autofree char *reason = g_strdup_printf("%s: %s", db_text(open, row, "step"), why);
        desk_note(desk, (int)db_int(open, row, "agency_id"), "job.moot", db_text(open, row, "subject"), reason);
    }
    return open && outbox_finish(desk, ids, outcomes, reasons, error);
}

static gboolean in_transaction(struct desk *desk, struct window_of_jobs *window, GError **error)
{
    if (!outbox_record(desk, error))
        return FALSE;
    if (!window)
        return outbox_events(desk, error);
    g_autofree char *today = day_format(zone_day(desk->schedule->zone, clock_now()));
    g_autofree char *min_amount = int_text(desk->schedule->min_amount_cents);
    const char *settings = desk->schedule->settings;
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_hash_table_remove_all(desk->retried);
    if (!outbox_resume(desk, db_array_text(window->ids), taken, error))
        return FALSE;
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, desk->room->fetch, error, db_array_text(window->ids), today, min_amount, settings);
    return rows && handle_rows(desk, rows, taken, error) && settle_without_record(desk, window, rows, taken, error) &&
           outbox_events(desk, error);
}

static void forget_new_claims(struct desk *desk, guint kept)
{
    g_ptr_array_set_size(desk->claimed, (int)kept);
    g_ptr_array_set_size(desk->events, 0);
}

/* One transaction: the letters of the last window recorded, those of this one claimed. On success `claimed` holds only
 * the new ones. FALSE only when the database is lost or refuses; what was sent stays in memory until it is on record.
 */
static gboolean transact(struct desk *desk, struct window_of_jobs *window, GError **error)
{
    guint recorded = desk->claimed->len;
    if (db_begin(desk->db, error) && in_transaction(desk, window, error) && db_commit(desk->db, error)) {
        if (recorded)
            g_ptr_array_remove_range(desk->claimed, 0, recorded);
        g_ptr_array_set_size(desk->events, 0);
        return TRUE;
    }
    db_rollback(desk->db);
    forget_new_claims(desk, recorded);
    return FALSE;
}

/* What was sent must be on record: tries until the database is back or we are told to go at once. */
static gboolean insist(struct desk *desk)
{
    for (int tries = 0; desk->claimed->len && tries < 120; tries++) {
        g_autoptr(GError) error = NULL;
        if ((!db_is_lost(desk->db) || db_reopen(desk->db, &error)) && transact(desk, NULL, &error))
            return TRUE;
        log_warning("%s: recording sent letters: %s", desk->room->name, error->message);
        control_beat_now();
        g_usleep(G_USEC_PER_SEC / 4);
    }
    return desk->claimed->len == 0;
}

/* --- the batch */

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
}

static guint party_end(const struct db_rows *parties, guint at)
{
    guint end = at, n = (guint)db_rows_count(parties);
    while (end < n && strcmp(db_text(parties, (int)end, "party"), db_text(parties, (int)at, "party")) == 0)
        end++;
    return end;
}

/* Where the window that begins at `at` ends: whole parties, send_window of them. */
static guint window_end(const struct desk *desk, const struct db_rows *parties, guint at)
{
    for (int seen = 0; at < (guint)db_rows_count(parties) && seen < desk->config->settings->send_window; seen++)
        at = party_end(parties, at);
    return at;
}

static struct db_array *ids_between(const struct db_rows *parties, guint from, guint to)
{
    struct db_array *ids = db_array_new();
    for (guint i = from; i < to; i++)
        db_array_add(ids, db_text(parties, (int)i, "job_id"));
    return ids;
}

static gboolean work_window(struct desk *desk, const struct db_rows *parties, guint from, guint to, GError **error)
{
    AUTO_ARRAY struct db_array *ids = ids_between(parties, from, to);
    struct window_of_jobs window = {.ids = ids, .jobs = to - from};
    if (!transact(desk, &window, error))
        return FALSE;
    outbox_send(desk);
    desk->progress += window.jobs;
    control_beat_now();
    return TRUE;
}

/* A party that cannot be worked on is set aside, so that it holds up nobody: parked with a task, or, when a lock or a
 * conflict stood in the way, tried again shortly. */
static gboolean set_aside(struct desk *desk, const struct db_rows *parties, guint from, guint to, const GError *why,
                          GError **error)
{
    AUTO_ARRAY struct db_array *ids = ids_between(parties, from, to);
    gboolean passing = g_error_matches(why, DB_ERROR, DB_CONFLICT);
    g_autofree char *again = instant_format(clock_now() + SECONDS(2));
    if (!db_begin(desk->db, error))
        return FALSE;
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_job_set_aside, error, db_array_text(ids),
                                                 passing ? "ready" : "parked", why->message, again);
    gboolean good = rows != NULL;
    if (good && !passing && db_rows_count(rows)) {
        AUTO_ARRAY struct db_array *none = db_array_new();
        g_autofree char *matter = g_strdup_printf("parked job:%s", db_text(rows, 0, "job_id"));
        g_autofree char *party = g_strdup_printf("job:%s", db_text(rows, 0, "job_id"));
        g_autofree char *reason =
            g_strdup_printf("%s. Mend it, then: tickler retry %s", why->message, db_text(rows, 0, "job_id"));
        const struct desk_task task = {.agency = (int)db_int(rows, 0, "agency_id"),
                                       .worker = desk->room->name,
                                       .step = db_text(rows, 0, "step"),
                                       .party = party,
                                       .matter = matter,
                                       .subjects = db_array_text(none),
                                       .title = "A job cannot be done as it is",
                                       .reason = reason,
                                       .role = "va_lead",
                                       .priority = "high",
                                       .now = clock_now(),
                                       .due_on = zone_day(desk->schedule->zone, clock_now())};
        gint64 id;
        good = desk_raise(desk->db, &task, &id, error);
    }
    if (good && db_commit(desk->db, error))
        return TRUE;
    db_rollback(desk->db);
    return FALSE;
}

/* Something in this window fails: party by party, so that only the one at fault stays behind. */
static gboolean work_singly(struct desk *desk, const struct db_rows *parties, guint at, guint end, GError **error)
{
    while (at < end) {
        g_autoptr(GError) why = NULL;
        guint next = party_end(parties, at);
        if (!work_window(desk, parties, at, next, &why)) {
            if (g_error_matches(why, DB_ERROR, DB_LOST)) {
                g_propagate_error(error, g_steal_pointer(&why));
                return FALSE;
            }
            log_warning("%s: set aside: %s", desk->room->name, why->message);
            if (!set_aside(desk, parties, at, next, why, error))
                return FALSE;
        }
        at = next;
    }
    return TRUE;
}

static guint work_through(struct desk *desk, const struct db_rows *parties, GError **error)
{
    guint at = 0, n = (guint)db_rows_count(parties);
    while (at < n && !should_stop(desk)) {
        guint end = window_end(desk, parties, at);
        g_autoptr(GError) why = NULL;
        if (!work_window(desk, parties, at, end, &why)) {
            if (g_error_matches(why, DB_ERROR, DB_LOST)) {
                g_propagate_error(error, g_steal_pointer(&why));
                break;
            }
            if (!work_singly(desk, parties, at, end, error))
                break;
        }
        at = end;
    }
    return at;
}

static void do_batch(struct desk *desk, const struct wire_frame *jobs)
{
    AUTO_ARRAY struct db_array *ids = db_array_new();
    g_autoptr(GError) error = NULL;
    guint done = 0;
    for (guint i = 0; i < jobs->ids->len; i++)
        db_array_add_int(ids, g_array_index(jobs->ids, gint64, i));
    if (db_is_lost(desk->db))
        (void)!db_reopen(desk->db, NULL);
    AUTO_ROWS struct db_rows *parties = db_ask_with(desk->db, &sql_job_parties, &error, db_array_text(ids));
    if (parties)
        done = work_through(desk, parties, &error);
    if (error)
        log_warning("%s: %s", desk->room->name, error->message);
    if (!insist(desk)) {
        log_error("%s: sent letters could not be recorded; they stay in doubt until a worker asks", desk->room->name);
        exit(1);
    }
    say_done(desk, jobs->batch, jobs->ids, error ? 0 : done);
}

/* --- the queue */

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
    struct wire_frame beat = {.kind = WIRE_BEAT, .progress = desk->progress};
    g_strlcpy(beat.incarnation, process_incarnation(), sizeof beat.incarnation);
    g_autoptr(GBytes) bytes = wire_encode(&beat);
    (void)!bus_send(desk->bus, NULL, bytes);
}

static void hand_back(struct desk *desk, const struct wire_frame *jobs)
{
    say_done(desk, jobs->batch, jobs->ids, 0);
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
        if (frame.kind == WIRE_JOBS && should_stop(desk))
            hand_back(desk, &frame);
        else if (frame.kind == WIRE_JOBS)
            do_batch(desk, &frame);
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
                                         .timeout_s = settings->relay_timeout_s};
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
    desk->db = db_open(desk->process.database, desk->room->name, error);
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
    desk.templates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    desk.claimed = g_ptr_array_new_with_free_func(claim_free);
    desk.events = g_ptr_array_new();
    desk.keys = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    desk.retried = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    desk.loop = loop_new();
    g_autoptr(GError) error = NULL;
    if (!open_desk(&desk, share, &error)) {
        log_error("%s", error->message);
        return 1;
    }
    control_beat(desk.loop, desk.process.dir);
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
