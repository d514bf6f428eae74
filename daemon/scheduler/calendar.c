/* Ticks by agency and schedule. What was decided is in the ledger; in memory stands only when each is next. */
#include "calendar.h"

#include <string.h>

#include "desk.h"
#include "js.h"
#include "leader.h"
#include "log.h"
#include "plan.h"
#include "ticklerd-scheduler_sql.h"

struct tick {
    int agency;
    const struct schedule *schedule;
    const struct room_row *room;
    instant next;
    int failures;      /* tries of this nominal time that failed */
    gint64 not_before; /* monotonic: when it is tried again */
};

#define PLAN_TRIES    5
#define PLAN_RETRY_US SECONDS(1) /* doubled each time */

static GArray *ticks; /* struct tick */
static instant began; /* when this scheduler first looked: a schedule that never ran waits for its hour from then */

static gboolean apply_step(struct office *office, const char *agency, const struct schedule *schedule,
                           const struct step *step, GError **error)
{
    g_autofree char *ordinal = g_strdup_printf("%d", step->ordinal);
    return db_tell(office->db, &sql_step_put, error, agency, schedule->worker, step->id, ordinal, step->at_text) >= 0;
}

static gboolean apply_changed(struct office *office, int agency, const struct schedule *schedule, GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency), *now = instant_format(clock_now());
    gint64 changed = db_tell(office->db, &sql_schedule_put, error, number, schedule->worker, schedule->digest, now);
    if (changed <= 0)
        return changed == 0;
    if (db_tell(office->db, &sql_steps_clear, error, number, schedule->worker) < 0)
        return FALSE;
    for (guint i = 0; i < schedule->steps->len; i++)
        if (!apply_step(office, number, schedule, schedule->steps->pdata[i], error))
            return FALSE;
    g_autofree char *about = g_strdup_printf("schedule:%s", schedule->worker);
    g_autofree char *detail = g_strdup_printf("{\"digest\":\"%s\"}", schedule->digest);
    return desk_event(office->db, agency, clock_now(), "scheduler", "schedule.applied", about, detail, error);
}

static gboolean apply_schedule(struct office *office, int agency, const struct schedule *schedule, GError **error)
{
    if (!db_begin(office->db, error))
        return FALSE;
    if (apply_changed(office, agency, schedule, error) && db_commit(office->db, error))
        return TRUE;
    db_rollback(office->db);
    return FALSE;
}

/* --- the rules, like the schedules: written when the file has changed */

static gboolean apply_pack(struct office *office, int agency, const struct rule_pack *pack, GError **error)
{
    gboolean licenses = strcmp(pack->name, "licenses") == 0;
    g_autofree char *number = g_strdup_printf("%d", agency), *now = instant_format(clock_now());
    gint64 changed = db_tell(office->db, &sql_rules_put, error, number, pack->name, pack->digest, now);
    if (changed <= 0)
        return changed == 0;
    if (db_tell(office->db, licenses ? &sql_rules_clear_licenses : &sql_rules_clear_packets, error, number) < 0 ||
        db_tell(office->db, licenses ? &sql_rules_put_licenses : &sql_rules_put_packets, error, number, pack->rows) < 0)
        return FALSE;
    g_autofree char *about = g_strdup_printf("rules:%s", pack->name);
    g_autofree char *detail = g_strdup_printf("{\"digest\":\"%s\"}", pack->digest);
    return desk_event(office->db, agency, clock_now(), "scheduler", "rules.applied", about, detail, error);
}

static gboolean apply_rules(struct office *office, int agency, GError **error)
{
    gboolean good = db_begin(office->db, error);
    for (gsize i = 0; good && i < RULE_PACKS; i++)
        good = apply_pack(office, agency, &office->config->rules->packs[i], error);
    if (good && db_commit(office->db, error))
        return TRUE;
    db_rollback(office->db);
    return FALSE;
}

/* Whether there are web hooks is a pseudo-step of the desk: who raises a task sees there whether to call. */
static gboolean apply_webhooks(struct office *office, int agency, const struct schedule *schedule, GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency);
    if (strcmp(schedule->worker, "task_desk") != 0)
        return TRUE;
    return db_tell(office->db, &sql_webhook_step, error, number,
                   office->config->settings->webhooks->len ? "true" : "false") >= 0;
}

/* The first nominal time to come: after the last one on record, else after now (a new schedule waits for its hour). */
static gboolean first_tick(struct office *office, struct tick *tick, GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", tick->agency), *now = instant_format(clock_now());
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, &sql_occurrence_last, error, number, tick->schedule->worker, now);
    if (!rows)
        return FALSE;
    instant last = began - 1;
    const char *text = db_rows_count(rows) ? db_text(rows, 0, "nominal") : NULL;
    if (text && !clock_is_virtual() && !instant_parse(text, &last, error))
        return FALSE;
    tick->next = cron_next(tick->schedule->run, tick->schedule->zone, last);
    return TRUE;
}

static gboolean add_agency(struct office *office, int agency, GError **error)
{
    if (!apply_rules(office, agency, error))
        return FALSE;
    for (guint i = 0; i < office->config->schedules->len; i++) {
        const struct schedule *schedule = office->config->schedules->pdata[i];
        struct tick tick = {.agency = agency, .schedule = schedule, .room = rooms_find(schedule->worker)};
        if (!tick.room)
            continue;
        if (!apply_schedule(office, agency, schedule, error) || !apply_webhooks(office, agency, schedule, error) ||
            !first_tick(office, &tick, error))
            return FALSE;
        g_array_append_val(ticks, tick);
    }
    return TRUE;
}

gboolean calendar_open(struct office *office, GError **error)
{
    began = began ? began : clock_now();
    g_clear_pointer(&ticks, g_array_unref);
    ticks = g_array_new(FALSE, FALSE, sizeof(struct tick));
    AUTO_ROWS struct db_rows *agencies = db_ask(office->db, &sql_agencies, 0, NULL, error);
    gboolean good = agencies != NULL;
    for (int row = 0; good && row < db_rows_count(agencies); row++)
        good = add_agency(office, (int)db_int(agencies, row, "agency_id"), error);
    return good;
}

static gboolean skip(struct office *office, const struct tick *tick, GError **error)
{
    if (db_begin(office->db, error) &&
        plan_skip(office->db, tick->schedule->worker, tick->agency, tick->next, clock_now(),
                  "the daemon was not running; a later time of the same schedule fired instead", error) &&
        db_commit(office->db, error))
        return TRUE;
    db_rollback(office->db);
    return FALSE;
}

/* Skips all but the newest nominal time that has passed. */
static gboolean catch_up(struct office *office, struct tick *tick, GError **error)
{
    for (;;) {
        instant after = cron_next(tick->schedule->run, tick->schedule->zone, tick->next);
        if (after > clock_now())
            return TRUE;
        if (!skip(office, tick, error))
            return FALSE;
        tick->next = after;
    }
}

/* This nominal time is settled; the next one begins afresh. */
static void move_on(struct tick *tick)
{
    tick->failures = 0;
    tick->next = cron_next(tick->schedule->run, tick->schedule->zone, tick->next);
}

/* A plan that fails is tried again shortly, and then given up until its next hour, with a task: one room's trouble is
 * not the others'. A rehearsal has no time to wait. FALSE when the database is lost. */
static gboolean plan_failed(struct office *office, struct tick *tick, const GError *why, GError **error)
{
    log_warning("agency %d, %s: the plan failed: %s", tick->agency, tick->schedule->worker, why->message);
    if (++tick->failures < PLAN_TRIES && !clock_is_virtual()) {
        tick->not_before = clock_mono() + (PLAN_RETRY_US << tick->failures);
        return TRUE;
    }
    if (!plan_give_up(office->db, tick->room, tick->schedule, tick->agency, tick->next, clock_now(), why->message,
                      error))
        return FALSE;
    move_on(tick);
    return TRUE;
}

static gboolean fire(struct office *office, struct tick *tick, GError **error)
{
    struct plan_outcome outcome;
    g_autoptr(GError) why = NULL;
    gint64 begun = clock_mono();
    if (!catch_up(office, tick, error))
        return FALSE;
    leader_extend(office);
    if (!plan_run(office->db, tick->room, tick->schedule, tick->agency, tick->next, clock_now(), "scheduler", &outcome,
                  &why)) {
        if (g_error_matches(why, DB_ERROR, DB_LOST)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        if (!outcome.taken)
            return plan_failed(office, tick, why, error);
    } else {
        log_info("agency %d, %s: %s, %" G_GINT64_FORMAT " jobs in %d ms", tick->agency, tick->schedule->worker,
                 outcome.skipped ? "skipped"
                 : outcome.held  ? "held"
                                 : "fired",
                 outcome.planned, (int)((clock_mono() - begun) / 1000));
        g_free(outcome.reason);
    }
    move_on(tick);
    return TRUE;
}

gboolean calendar_tick(struct office *office, GError **error)
{
    for (guint i = 0; i < ticks->len; i++) {
        struct tick *tick = &g_array_index(ticks, struct tick, i);
        if (tick->next <= clock_now() && tick->not_before <= clock_mono() && !fire(office, tick, error))
            return FALSE;
    }
    return TRUE;
}

instant calendar_next(const struct office *office UNUSED)
{
    instant next = G_MAXINT64;
    for (guint i = 0; ticks && i < ticks->len; i++)
        next = MIN(next, g_array_index(ticks, struct tick, i).next);
    return next;
}
