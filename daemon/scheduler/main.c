/*
 * ticklerd-scheduler: the calendar plans, the dispatcher offers. One loop; every second and at each NOTIFY it does what
 * has become due. Under a virtual clock it leads: when nothing is ready and nothing in hand, time jumps to the next
 * event.
 */
#include <signal.h>

#include "bounces.h"
#include "calendar.h"
#include "control.h"
#include "dispatcher.h"
#include "kill_point.h"
#include "leader.h"
#include "log.h"
#include "parked.h"
#include "patience.h"
#include "problems.h"

#define GRACE_US SECONDS(2) /* after a start: workers of the scheduler before say what they have in hand */

struct scheduler {
    struct office office;
    instant until; /* of the virtual clock */
    gboolean once;
    int watched_fd;
    guint heard;       /* the connection that listens */
    gint64 offer_from; /* monotonic: when the grace ends */
    gint64 reopen_at;
    gboolean opened; /* the calendar stands */
};

static void take_notices(struct scheduler *s)
{
    for (char *channel; (channel = db_next_notice(s->office.db));) {
        g_free(channel);
        s->opened = FALSE; /* something changed: an agency may be new */
        dispatcher_look_again();
    }
}

static void hear_notices(struct loop *loop, void *with)
{
    struct scheduler *s = with;
    take_notices(s);
    if (db_is_lost(s->office.db)) {
        loop_unwatch(loop, s->watched_fd);
        s->watched_fd = -1;
        return;
    }
    /* Somebody waits for a job; the calendar is read anew at the next step. */
    g_autoptr(GError) error = NULL;
    if (clock_mono() >= s->offer_from && !dispatcher_offer(&s->office, &error))
        log_warning("%s", error->message);
}

static gboolean listen(struct scheduler *s, GError **error)
{
    if (!db_run(s->office.db, "LISTEN tickler", error))
        return FALSE;
    if (s->watched_fd >= 0)
        loop_unwatch(s->office.loop, s->watched_fd);
    s->watched_fd = db_fd(s->office.db);
    loop_watch(s->office.loop, s->watched_fd, hear_notices, s);
    s->heard = db_connection(s->office.db);
    return TRUE;
}

static void reopen(struct scheduler *s)
{
    g_autoptr(GError) error = NULL;
    if (clock_mono() < s->reopen_at)
        return;
    s->reopen_at = clock_mono() + SECONDS(1) / 2;
    if (s->watched_fd >= 0)
        loop_unwatch(s->office.loop, s->watched_fd);
    s->watched_fd = -1;
    if (!db_reopen(s->office.db, &error) || !listen(s, &error)) {
        patience_failed(error);
        return;
    }
    s->opened = FALSE; /* nobody heard what was said meanwhile */
    dispatcher_look_again();
}

static gboolean is_idle(struct scheduler *s, instant *ret_next, GError **error)
{
    return dispatcher_in_flight() == 0 && dispatcher_next_ready(&s->office, ret_next, error) && *ret_next > clock_now();
}

static void leave(struct scheduler *s)
{
    leader_leave(&s->office);
    KILL_POINT(scheduler, term_left);
    loop_stop(s->office.loop);
}

/* Moves the virtual clock to the next event, or leaves when there is none before the end. */
static gboolean jump(struct scheduler *s, instant next_ready)
{
    instant next = MIN(next_ready, calendar_next(&s->office));
    if (next > s->until) {
        clock_advance(s->until);
        leave(s);
        return FALSE;
    }
    clock_advance(next);
    return TRUE;
}

static gboolean work_once(struct scheduler *s, gboolean *ret_again, GError **error)
{
    instant next = 0;
    *ret_again = FALSE;
    if (!s->opened && !(s->opened = calendar_open(&s->office, error)))
        return FALSE;
    if (!calendar_tick(&s->office, error))
        return FALSE;
    bounces_tick(&s->office);
    parked_tick(&s->office);
    if (clock_mono() < s->offer_from || !leader_hold(&s->office))
        return TRUE;
    if (!dispatcher_offer(&s->office, error))
        return FALSE;
    if ((!s->once && !clock_is_virtual()) || !is_idle(s, &next, error))
        return *error == NULL;
    if (clock_is_virtual())
        *ret_again = jump(s, next);
    else
        leave(s);
    return TRUE;
}

static void step(struct loop *loop UNUSED, void *with)
{
    struct scheduler *s = with;
    g_autoptr(GError) error = NULL;
    /* A COMMIT that was asked about has left a connection that listens to nothing. */
    if (db_is_lost(s->office.db) || db_connection(s->office.db) != s->heard)
        reopen(s);
    gint64 led = s->office.term;
    if (s->office.draining || !leader_hold(&s->office))
        return;
    take_notices(s); /* one that came with the answer to a question wakes nobody */
    if (!led)        /* a new term: let the workers say HELLO first, and read the calendar anew */
        s->offer_from = clock_mono() + (clock_is_virtual() || s->once ? 0 : GRACE_US);
    s->opened = s->opened && led;
    gboolean again = TRUE;
    while (again && work_once(s, &again, &error))
        continue;
    if (g_error_matches(error, DB_ERROR, DB_LOST))
        patience_failed(error);
    else if (error)
        log_warning("%s", error->message);
    else
        patience_over();
}

static void check_drained(struct loop *loop UNUSED, void *with)
{
    struct scheduler *s = with;
    if (s->office.draining && dispatcher_in_flight() == 0)
        leave(s);
}

static void on_signal(struct loop *loop, int number, void *with)
{
    struct scheduler *s = with;
    if (number != SIGTERM && number != SIGINT)
        return;
    if (s->office.draining) {
        leave(s);
        return;
    }
    dispatcher_drain(&s->office);
    loop_every(loop, 20, check_drained, s);
}

static gboolean open_scheduler(struct scheduler *s, GError **error)
{
    struct problems *problems = problems_new();
    s->office.config = config_load(s->office.process.config_dir, s->office.process.dir, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        log_error("%s", problems_text(problems, i));
    problems_free(problems);
    if (!s->office.config) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the configuration in force does not load");
        return FALSE;
    }
    s->office.db = patience_open(s->office.process.database, "ticklerd-scheduler", error);
    if (s->office.db)
        db_set_guard(s->office.db, leader_guard, &s->office);
    return s->office.db && listen(s, error) && dispatcher_open(&s->office, error);
}

int main(int argc, char **argv)
{
    struct scheduler s = {.watched_fd = -1, .until = G_MAXINT64};
    g_autofree char *until = NULL;
    GOptionEntry extra[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &s.once, "leave when nothing is ready or in hand", NULL},
        {"until", 0, 0, G_OPTION_ARG_STRING, &until, "leave when the virtual clock gets there", "INSTANT"},
        {0},
    };
    process_start(&argc, &argv, "ticklerd-scheduler: plans and offers jobs. Started by ticklerd.", extra,
                  &s.office.process);
    process_follow_parent();
    g_autoptr(GError) error = NULL;
    s.office.loop = loop_new();
    control_beat(s.office.loop, s.office.process.dir);
    if ((until && !instant_parse(until, &s.until, &error)) || !open_scheduler(&s, &error)) {
        log_error("%s", error->message);
        return 1;
    }
    loop_signals(s.office.loop, on_signal, &s);
    loop_every(s.office.loop, clock_is_virtual() ? 20 : 500, step, &s);
    loop_run(s.office.loop);
    dispatcher_close();
    control_close();
    db_close(&s.office.db);
    config_free(s.office.config);
    return 0;
}
