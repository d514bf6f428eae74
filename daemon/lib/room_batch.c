/*
 * A batch: its parties in windows; when something in a window fails, party by party, so that only the one at fault
 * stays behind.
 */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "desk.h"
#include "kill_point.h"
#include "libtickler_sql.h"
#include "log.h"
#include "patience.h"
#include "room_shared.h"
#include "wire.h"

#define QUICK_US (SECONDS(1) / 10) /* windows so short may grow */
#define SLOW_US  (SECONDS(1) / 4)
/* So long a batch waits here for Postgres; then it is handed back, to whom may reach it. */
#define PATIENCE_US SECONDS(5)

gboolean desk_should_stop(struct desk *desk)
{
    return desk->draining || process_should_stop();
}

/* Some of a batch's parties, next to each other. */
struct stretch {
    const gint64 *jobs;
    const guint16 *sizes; /* how many jobs each party has */
    guint parties;
};

static guint jobs_in(const struct stretch *parties)
{
    guint sum = 0;
    for (guint i = 0; i < parties->parties; i++)
        sum += parties->sizes[i];
    return sum;
}

/* The first of them, `most` at most. */
static struct stretch front(const struct stretch *all, guint most)
{
    return (struct stretch){all->jobs, all->sizes, MIN(most, all->parties)};
}

static struct stretch behind(const struct stretch *all, const struct stretch *front)
{
    return (struct stretch){all->jobs + jobs_in(front), all->sizes + front->parties, all->parties - front->parties};
}

static struct db_array *ids_of(const struct stretch *parties)
{
    struct db_array *ids = db_array_new();
    guint n = jobs_in(parties);
    for (guint i = 0; i < n; i++)
        db_array_add_int(ids, parties->jobs[i]);
    return ids;
}

static guint send_window(const struct desk *desk)
{
    return (guint)desk->config->settings->send_window;
}

/* A commit costs the same for one job and for a thousand: windows without letters grow, up to the whole batch. */
static void set_width(struct desk *desk, guint letters, gint64 took)
{
    if (2 * letters > send_window(desk) || took > SLOW_US)
        desk->width = send_window(desk);
    else if (took < QUICK_US)
        desk->width = MIN(2 * desk->width, MAX(WIRE_JOBS_MAX, send_window(desk)));
}

static gboolean work_window(struct desk *desk, const struct stretch *parties, GError **error)
{
    AUTO_ARRAY struct db_array *ids = ids_of(parties);
    gboolean is_wide = desk->width > send_window(desk) && parties->parties > 1;
    struct window_of_jobs window = {.ids = ids, .jobs = jobs_in(parties), .is_wide = is_wide};
    gint64 begun = clock_mono();
    if (!window_transact(desk, &window, error))
        return FALSE;
    set_width(desk, window.letters, clock_mono() - begun);
    outbox_send(desk);
    desk->progress += window.jobs;
    control_beat_now();
    return TRUE;
}

/* A party that cannot be worked on is set aside, so that it holds up nobody: parked with a task, or, when a lock or a
 * conflict stood in the way, tried again shortly. */
static gboolean set_aside(struct desk *desk, const struct stretch *party, const GError *why, GError **error)
{
    AUTO_ARRAY struct db_array *ids = ids_of(party);
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
static gboolean work_singly(struct desk *desk, struct stretch left, GError **error)
{
    while (left.parties) {
        g_autoptr(GError) why = NULL;
        struct stretch party = front(&left, 1);
        if (!work_window(desk, &party, &why)) {
            if (g_error_matches(why, DB_ERROR, DB_LOST)) {
                g_propagate_error(error, g_steal_pointer(&why));
                return FALSE;
            }
            log_warning("%s: set aside: %s", desk->room->name, why->message);
            if (!set_aside(desk, &party, why, error))
                return FALSE;
            control_beat_now(); /* each may have waited long for a lock */
        }
        left = behind(&left, &party);
    }
    return TRUE;
}

/* Answers what is left when it was told to stop, or the database was lost. */
static struct stretch work_through(struct desk *desk, struct stretch left, GError **error)
{
    while (left.parties && !desk_should_stop(desk)) {
        struct stretch window = front(&left, desk->width);
        g_autoptr(GError) why = NULL;
        if (!work_window(desk, &window, &why)) {
            if (g_error_matches(why, DB_ERROR, DB_LOST)) {
                g_propagate_error(error, g_steal_pointer(&why));
                break;
            }
            if (desk->width > send_window(desk)) {
                desk->width = send_window(desk);
                continue;
            }
            if (!work_singly(desk, window, error))
                break;
        }
        left = behind(&left, &window);
    }
    return left;
}

guint desk_do_batch(struct desk *desk, const GArray *jobs, const GArray *parties)
{
    g_autoptr(GError) error = NULL;
    KILL_POINT(worker, received);
    desk->width = MAX(desk->width, send_window(desk));
    if (!patience_reopen(desk->db, PATIENCE_US))
        return 0;
    const struct stretch all = {(const gint64 *)(const void *)jobs->data, (const guint16 *)(const void *)parties->data,
                                parties->len};
    struct stretch left = work_through(desk, all, &error);
    if (g_error_matches(error, DB_ERROR, DB_LOST))
        patience_wait(error);
    else if (error)
        log_warning("%s: %s", desk->room->name, error->message);
    else
        patience_over();
    if (!window_insist(desk)) {
        log_error("%s: sent letters could not be recorded; they stay in doubt until a worker asks", desk->room->name);
        exit(1);
    }
    return error ? 0 : jobs->len - jobs_in(&left);
}
