/*
 * The dispatcher. A worker is known by its incarnation; a pidfd tells its death within a millisecond, five seconds of
 * silence tell a remote one's. It never sends: a job's effect and its verdict are the worker's, in one transaction.
 */
#include "dispatcher.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ahead.h"
#include "desk.h"
#include "kill_point.h"
#include "leader.h"
#include "log.h"
#include "plan.h"
#include "ticklerd-scheduler_sql.h"
#include "wire.h"

#define SILENCE_US SECONDS(5)
#define QUICK_US   (SECONDS(1) / 4)
#define STARTS_MAX 3
#define PAGES_MAX  16 /* that hold only jobs in hand; then the next wake-up reads on */

struct queue { /* one room */
    struct office *office;
    const struct room_row *room;
    struct bus *bus;
    GHashTable *workers; /* incarnation -> struct worker */
    struct ahead *ahead;
};

struct worker {
    struct queue *queue;
    char *name; /* its identity on the bus: the incarnation with '/' kept */
    int pidfd;
    int credit;
    guint most;          /* jobs in one message */
    gint64 heard;        /* monotonic */
    gint64 done_at;      /* monotonic: when it began with what it has in hand */
    GHashTable *batches; /* batch number -> GArray of job ids */
};

static GPtrArray *queues;
static GHashTable *in_flight; /* job id -> struct worker */
static guint64 last_batch;

static void hold(struct worker *worker, guint64 batch, const GArray *ids)
{
    GArray *kept = g_array_sized_new(FALSE, FALSE, sizeof(gint64), ids->len);
    g_array_append_vals(kept, ids->data, ids->len);
    if (g_hash_table_size(worker->batches) == 0)
        worker->done_at = clock_mono();
    g_hash_table_insert(worker->batches, AHEAD_KEY(batch), kept);
    for (guint i = 0; i < ids->len; i++)
        g_hash_table_insert(in_flight, AHEAD_KEY(g_array_index(ids, gint64, i)), worker);
}

static void release(struct worker *worker, guint64 batch)
{
    const GArray *ids = g_hash_table_lookup(worker->batches, AHEAD_KEY(batch));
    for (guint i = 0; ids && i < ids->len; i++)
        g_hash_table_remove(in_flight, AHEAD_KEY(g_array_index(ids, gint64, i)));
    g_hash_table_remove(worker->batches, AHEAD_KEY(batch));
}

/* Who is through with a full batch in no time gets twice as many, so that short jobs do not wait for messages. */
static void set_pace(struct worker *worker, guint done)
{
    gboolean quick = clock_mono() - worker->done_at < QUICK_US;
    guint usual = (guint)worker->queue->office->config->settings->batch;
    if (!quick)
        worker->most = usual;
    else if (2 * done >= worker->most)
        worker->most = MIN(2 * worker->most, WIRE_JOBS_MAX);
    worker->done_at = clock_mono();
}

static void worker_free(gpointer data)
{
    struct worker *worker = data;
    if (worker->pidfd >= 0) {
        loop_unwatch(worker->queue->office->loop, worker->pidfd);
        close(worker->pidfd);
    }
    g_free(worker->name);
    g_hash_table_unref(worker->batches);
    g_free(worker);
}

/* --- a worker's death */

static gboolean park_task(struct office *office, const struct db_rows *rows, int row, GError **error)
{
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    g_autofree char *matter = g_strdup_printf("job %s parked", db_text(rows, row, "job_id"));
    g_autofree char *party = g_strdup_printf("job:%s", db_text(rows, row, "job_id"));
    g_autofree char *reason =
        g_strdup_printf("%d workers died with this job in hand; it is set aside so that the others "
                        "go on. tickler retry %s tries it again",
                        STARTS_MAX, db_text(rows, row, "job_id"));
    struct desk_task task = {.agency = (int)db_int(rows, row, "agency_id"),
                             .worker = db_text(rows, row, "worker"),
                             .step = db_text(rows, row, "step"),
                             .party = party,
                             .matter = matter,
                             .subjects = db_array_text(subjects),
                             .title = "Look at a job that ends its worker",
                             .reason = reason,
                             .role = "va_lead",
                             .priority = "urgent",
                             .due_on = (day)(clock_now() / SECONDS(86400)),
                             .now = clock_now()};
    gint64 id;
    return desk_raise(office->db, &task, &id, error);
}

/* Whether `ids` had open jobs, whose starts are counted, in *ret. */
static gboolean count_starts_of(struct office *office, const GArray *ids, gboolean *ret, GError **error)
{
    AUTO_ARRAY struct db_array *jobs = db_array_new();
    for (guint i = 0; i < ids->len; i++)
        db_array_add_int(jobs, g_array_index(ids, gint64, i));
    g_autofree char *most = g_strdup_printf("%d", STARTS_MAX), *now = instant_format(clock_now());
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, &sql_job_count_start, error, db_array_text(jobs), most, now);
    gboolean good = rows != NULL;
    *ret = good && db_rows_count(rows) > 0;
    for (int row = 0; good && row < db_rows_count(rows); row++)
        if (strcmp(db_text(rows, row, "state"), "parked") == 0)
            good = park_task(office, rows, row, error);
    return good;
}

static int by_number(gconstpointer a, gconstpointer b)
{
    return GPOINTER_TO_SIZE(a) < GPOINTER_TO_SIZE(b) ? -1 : GPOINTER_TO_SIZE(a) > GPOINTER_TO_SIZE(b);
}

/* Batches are worked off in the order of their numbers: what ended the worker is in the first that has open jobs, and
 * those in the batches behind it are innocent. */
static gboolean count_starts_in(struct office *office, const struct worker *worker, GError **error)
{
    g_autoptr(GList) numbers = g_list_sort(g_hash_table_get_keys(worker->batches), by_number);
    gboolean good = TRUE, found = FALSE;
    for (GList *at = numbers; good && !found && at; at = at->next)
        good = count_starts_of(office, g_hash_table_lookup(worker->batches, at->data), &found, error);
    KILL_POINT(scheduler, starts_counted);
    return good;
}

static guint jobs_in_hand(const struct worker *worker)
{
    guint n = 0;
    GHashTableIter iter;
    gpointer ids;
    g_hash_table_iter_init(&iter, worker->batches);
    while (g_hash_table_iter_next(&iter, NULL, &ids))
        n += ((GArray *)ids)->len;
    return n;
}

/* Counts a start against each job that the dead one had begun with; at three a job is parked and a person told. */
static void count_starts(struct office *office, const struct worker *worker)
{
    if (!jobs_in_hand(worker))
        return;
    log_warning("%s: a worker is gone with %u jobs in hand; offered again", worker->queue->room->name,
                jobs_in_hand(worker));
    g_autoptr(GError) error = NULL;
    gboolean good =
        db_begin(office->db, &error) && count_starts_in(office, worker, &error) && db_commit(office->db, &error);
    if (!good) {
        log_warning("counting a start: %s", error->message);
        db_rollback(office->db);
    }
}

static void worker_gone(struct worker *worker)
{
    struct office *office = worker->queue->office;
    count_starts(office, worker);
    GHashTableIter iter;
    gpointer held_by;
    g_hash_table_iter_init(&iter, in_flight);
    while (g_hash_table_iter_next(&iter, NULL, &held_by))
        if (held_by == worker)
            g_hash_table_iter_remove(&iter);
    ahead_look_again(worker->queue->ahead);
    g_hash_table_remove(worker->queue->workers, worker->name);
    g_autoptr(GError) error = NULL;
    if (!dispatcher_offer(office, &error))
        log_warning("%s", error->message);
}

static gboolean hear_frames(struct queue *queue);

static void pidfd_ready(struct loop *loop UNUSED, void *with)
{
    struct worker *worker = with;
    struct queue *queue = worker->queue;
    g_autofree char *name = g_strdup(worker->name);
    hear_frames(queue); /* its last words may still be in the queue */
    worker = g_hash_table_lookup(queue->workers, name);
    if (worker)
        worker_gone(worker);
}

/* --- frames */

static struct worker *greet(struct queue *queue, const char *from, const struct wire_frame *hello)
{
    struct worker *worker = g_hash_table_lookup(queue->workers, from);
    if (worker)
        return worker;
    worker = g_new0(struct worker, 1);
    worker->queue = queue;
    worker->name = g_strdup(from);
    worker->batches = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)g_array_unref);
    worker->credit = hello->credit;
    worker->most = (guint)queue->office->config->settings->batch;
    gboolean is_local;
    gboolean alive = process_is_alive(hello->incarnation, &is_local);
    worker->pidfd = is_local && alive ? (int)syscall(SYS_pidfd_open, (pid_t)hello->pid, 0) : -1;
    if (worker->pidfd >= 0)
        loop_watch(queue->office->loop, worker->pidfd, pidfd_ready, worker);
    g_hash_table_insert(queue->workers, worker->name, worker);
    if (hello->ids->len) /* it worked while we were away: what it holds is not offered to another */
        hold(worker, 0, hello->ids);
    return worker;
}

static void take_frame(struct queue *queue, const char *from, const struct wire_frame *frame)
{
    struct worker *worker = g_hash_table_lookup(queue->workers, from);
    if (frame->kind == WIRE_HELLO) {
        if (strcmp(frame->room, queue->room->name) == 0 && strcmp(frame->incarnation, from) == 0)
            worker = greet(queue, from, frame);
    } else if (!worker) {
        struct wire_frame who = {.kind = WIRE_WHO};
        g_autoptr(GBytes) bytes = wire_encode(&who);
        (void)!bus_send(queue->bus, from, bytes);
    } else if (frame->kind == WIRE_DONE) {
        set_pace(worker, frame->ids->len);
        if (frame->back->len)
            ahead_look_again(queue->ahead);
        release(worker, frame->batch);
        release(worker, 0); /* all that it held from before our time went with it */
        worker->credit++;
    }
    if (worker)
        worker->heard = clock_mono();
}

/* Whether a worker may have room now for what it had no room for before. */
static gboolean hear_frames(struct queue *queue)
{
    gboolean has_room = FALSE;
    for (;;) {
        g_autofree char *from = NULL;
        g_autoptr(GBytes) bytes = bus_receive(queue->bus, &from);
        if (!bytes)
            break;
        struct wire_frame frame;
        if (wire_decode(bytes, &frame)) {
            take_frame(queue, from, &frame);
            has_room = has_room || frame.kind == WIRE_DONE || frame.kind == WIRE_HELLO;
            wire_clear(&frame);
        }
    }
    return has_room;
}

static void frames_ready(struct loop *loop UNUSED, void *with)
{
    struct queue *queue = with;
    g_autoptr(GError) error = NULL;
    if (hear_frames(queue) && !dispatcher_offer(queue->office, &error))
        log_warning("%s", error->message);
}

static void check_silence(struct loop *loop UNUSED, void *with UNUSED)
{
    static gint64 last; /* were we ourselves away, nobody's silence in that time means anything */
    gboolean away = last && clock_mono() - last > SILENCE_US / 2;
    last = clock_mono();
    for (guint i = 0; i < queues->len; i++) {
        struct queue *queue = queues->pdata[i];
        g_autoptr(GList) workers = g_hash_table_get_values(queue->workers);
        for (GList *at = workers; at; at = at->next) {
            struct worker *worker = at->data;
            if (away)
                worker->heard = last;
            /* A local one is watched by its pidfd; the supervisor ends it when it hangs. */
            if (worker->pidfd < 0 && clock_mono() - worker->heard > SILENCE_US)
                worker_gone(worker);
        }
    }
}

gboolean dispatcher_open(struct office *office, GError **error)
{
    queues = g_ptr_array_new();
    in_flight = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (gsize i = 0; i < rooms_count; i++) {
        struct queue *queue = g_new0(struct queue, 1);
        g_autofree char *name = g_strdup_printf("queue/%s", rooms[i].name);
        g_autofree char *path = process_run_path(office->process.dir, name);
        *queue = (struct queue){.office = office, .room = &rooms[i]};
        queue->workers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, worker_free);
        queue->ahead = ahead_new(rooms[i].name);
        queue->bus = bus_listen(path, error);
        if (!queue->bus)
            return FALSE;
        loop_watch_bus(office->loop, queue->bus, frames_ready, queue);
        g_ptr_array_add(queues, queue);
    }
    loop_every(office->loop, 1000, check_silence, NULL);
    return TRUE;
}

/* --- offering */

static struct worker *idle_worker(const struct queue *queue)
{
    struct worker *best = NULL;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, queue->workers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct worker *worker = value;
        if (worker->credit > 0 && (!best || worker->credit > best->credit))
            best = worker;
    }
    return best;
}

static GArray *ready_batch(struct office *office, struct queue *queue, guint most, GArray *parties, GError **error)
{
    if (ahead_jobs(queue->ahead) < most && !ahead_rests(queue->ahead) &&
        !ahead_read(queue->ahead, office, in_flight, error))
        return NULL;
    for (int page = 0; page < PAGES_MAX && !ahead_jobs(queue->ahead) && ahead_has_more(queue->ahead); page++)
        if (!ahead_read(queue->ahead, office, in_flight, error))
            return NULL;
    return ahead_take(queue->ahead, most, parties);
}

static gboolean offer_queue(struct office *office, struct queue *queue, GError **error)
{
    for (struct worker *worker; (worker = idle_worker(queue));) {
        g_autoptr(GArray) parties = g_array_new(FALSE, FALSE, sizeof(guint16));
        g_autoptr(GArray) ids = ready_batch(office, queue, worker->most, parties, error);
        if (!ids)
            return FALSE;
        if (ids->len == 0)
            return TRUE;
        struct wire_frame jobs = {
            .kind = WIRE_JOBS, .term = (guint64)office->term, .batch = ++last_batch, .ids = ids, .parties = parties};
        g_autoptr(GBytes) bytes = wire_encode(&jobs);
        worker->credit--;
        if (!bus_send(queue->bus, worker->name, bytes)) {
            ahead_look_again(queue->ahead);
            continue;
        }
        KILL_POINT(scheduler, jobs_sent);
        hold(worker, jobs.batch, ids);
    }
    /* Everybody is busy: the time to read on. */
    return !ahead_has_more(queue->ahead) || ahead_jobs(queue->ahead) >= WIRE_JOBS_MAX ||
           ahead_read(queue->ahead, office, in_flight, error);
}

static void forget_what_was_read(void)
{
    for (guint i = 0; i < queues->len; i++)
        ahead_clear(((struct queue *)queues->pdata[i])->ahead);
}

gboolean dispatcher_offer(struct office *office, GError **error)
{
    gboolean good = TRUE;
    if (!office->term || db_is_lost(office->db))
        forget_what_was_read();
    if (!leader_is_sure(office) || office->draining || db_is_lost(office->db))
        return TRUE;
    for (guint i = 0; good && i < queues->len; i++)
        good = offer_queue(office, queues->pdata[i], error);
    return good;
}

void dispatcher_look_again(void)
{
    for (guint i = 0; i < queues->len; i++)
        ahead_look_again(((struct queue *)queues->pdata[i])->ahead);
}

guint dispatcher_in_flight(void)
{
    return g_hash_table_size(in_flight);
}

gboolean dispatcher_next_ready(struct office *office, instant *ret, GError **error)
{
    AUTO_ARRAY struct db_array *staffed =
        db_array_new(); /* the jobs of a room that is shut wait, and nobody for them */
    for (guint i = 0; i < office->config->settings->rooms->len; i++) {
        const struct settings_room *room = office->config->settings->rooms->pdata[i];
        if (room->processes > 0)
            db_array_add(staffed, room->worker);
    }
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_job_next_ready, error, db_array_text(staffed));
    *ret = G_MAXINT64;
    if (!rows)
        return FALSE;
    const char *text = db_rows_count(rows) ? db_text(rows, 0, "ready_at") : NULL;
    return !text || instant_parse(text, ret, error);
}

void dispatcher_drain(struct office *office)
{
    office->draining = TRUE;
    struct wire_frame drain = {.kind = WIRE_DRAIN};
    g_autoptr(GBytes) bytes = wire_encode(&drain);
    for (guint i = 0; i < queues->len; i++) {
        struct queue *queue = queues->pdata[i];
        GHashTableIter iter;
        gpointer name;
        g_hash_table_iter_init(&iter, queue->workers);
        while (g_hash_table_iter_next(&iter, &name, NULL))
            (void)!bus_send(queue->bus, name, bytes);
    }
}

void dispatcher_close(void)
{
    for (guint i = 0; queues && i < queues->len; i++)
        bus_close(&((struct queue *)queues->pdata[i])->bus);
}
