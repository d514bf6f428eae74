/*
 * The planner: a schedule's ladders become a few rungs (which anchors have reached which step today), and one statement
 * over the room's due.sql finds the subjects that stand on an unfired rung and makes their jobs.
 */
#include "plan.h"

#include <string.h>

#include "desk.h"
#include "js.h"
#include "kill_point.h"
#include "libtickler_sql.h"

struct rungs {
    struct db_array *variants, *steps, *ordinals, *latest, *oldest, *issued_by, *tracks;
};

static void rungs_free(struct rungs *rungs)
{
    struct db_array **const lists[] = {&rungs->variants, &rungs->steps,     &rungs->ordinals, &rungs->latest,
                                       &rungs->oldest,   &rungs->issued_by, &rungs->tracks};
    for (gsize i = 0; i < ARRAY_LEN(lists); i++)
        db_array_free(lists[i]);
}

static void add_day(struct db_array *array, day d)
{
    g_autofree char *text = d == DAY_NONE ? NULL : day_format(d);
    db_array_add(array, text);
}

static void add_rung(struct rungs *rungs, const char *variant, const char *track, const struct step *step, day latest,
                     day oldest, day issued_by)
{
    db_array_add(rungs->tracks, track);
    db_array_add(rungs->variants, variant);
    db_array_add(rungs->steps, step->id);
    db_array_add_int(rungs->ordinals, step->ordinal);
    add_day(rungs->latest, latest);
    add_day(rungs->oldest, oldest);
    add_day(rungs->issued_by, issued_by);
}

static void add_ladder(struct rungs *rungs, const char *variant, const GPtrArray *ladder,
                       const struct schedule *schedule, day today)
{
    for (guint i = 0; i < ladder->len; i++) {
        const struct step *step = ladder->pdata[i];
        const char *track = schedule_track(schedule, step);
        day latest = offset_latest_anchor(&step->at, schedule->calendar, today);
        day oldest = offset_oldest_anchor(&step->at, schedule->calendar, today, schedule->forget_after_d);
        if (step->at.count >= 0) {
            add_rung(rungs, variant, track, step, latest, oldest, DAY_NONE);
            continue;
        }
        /* A step before its anchor falls on a day of its own for each anchor, and not before the subject existed. */
        for (day anchor = oldest; anchor <= latest; anchor++)
            add_rung(rungs, variant, track, step, anchor, anchor, offset_day(&step->at, schedule->calendar, anchor));
    }
}

static struct rungs rungs_of(const struct schedule *schedule, day today)
{
    struct rungs rungs = {db_array_new(), db_array_new(), db_array_new(), db_array_new(),
                          db_array_new(), db_array_new(), db_array_new()};
    add_ladder(&rungs, "", schedule->steps, schedule, today);
    GHashTableIter iter;
    gpointer variant, ladder;
    g_hash_table_iter_init(&iter, schedule->overrides);
    while (g_hash_table_iter_next(&iter, &variant, &ladder))
        add_ladder(&rungs, variant, ladder, schedule, today);
    if (schedule->thank_you) {
        const struct step thanks = {.id = (char *)"thank_you", .ordinal = -1};
        add_rung(&rungs, "(thanks)", "main", &thanks, today, DAY_NONE, DAY_NONE);
    }
    return rungs;
}

/* A room need not use every parameter; Postgres wants each to have a type. */
#define ASKED                                                                                                          \
    "WITH asked AS (SELECT $1::int, $2::date, $3::text[], $4::text[], $5::int[], $6::date[], $7::date[], $8::text,"    \
    " $9::bigint, $10::date[], $11::text[], $12::jsonb)"

/* A statement around a room's due.sql, made once for each room and purpose. */
static const struct sql *wrapped(const struct room_row *room, const char *purpose, const char *before,
                                 const char *after)
{
    static GHashTable *made; /* name -> struct sql */
    if (!made)
        made = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *name = g_strdup_printf("%s.%s", room->name, purpose);
    struct sql *sql = g_hash_table_lookup(made, name);
    if (!sql) {
        sql = g_new(struct sql, 1);
        sql->text = g_strconcat(before, room->due->text, after, NULL);
        sql->name = g_steal_pointer(&name);
        g_hash_table_insert(made, (gpointer)sql->name, sql);
    }
    return sql;
}

struct asking {
    char *agency, *today, *min_amount;
    struct rungs rungs;
    const char *values[17]; /* $1 to $12, and what insert_before adds */
};

static void asking_open(struct asking *asking, const struct schedule *schedule, int agency, day today)
{
    asking->agency = g_strdup_printf("%d", agency);
    asking->today = day_format(today);
    asking->min_amount = g_strdup_printf("%" G_GINT64_FORMAT, schedule->min_amount_cents);
    asking->rungs = rungs_of(schedule, today);
    const struct rungs *r = &asking->rungs;
    const char *const values[] = {asking->agency,
                                  asking->today,
                                  db_array_text(r->variants),
                                  db_array_text(r->steps),
                                  db_array_text(r->ordinals),
                                  db_array_text(r->latest),
                                  db_array_text(r->oldest),
                                  schedule->catch_up == CATCH_UP_ONE_STEP ? "one_step" : "latest",
                                  asking->min_amount,
                                  db_array_text(r->issued_by),
                                  db_array_text(r->tracks),
                                  schedule->settings};
    memcpy(asking->values, values, sizeof values);
}

static void asking_close(struct asking *asking)
{
    g_free(asking->agency);
    g_free(asking->today);
    g_free(asking->min_amount);
    rungs_free(&asking->rungs);
}

/*
 * A plan is one large question, asked a few times a day: it may take long and sort in memory, its probes of the ledger
 * hit pages that are in memory, compiling it costs more than it saves, its rungs must be seen by the optimizer, and it
 * may join as it likes (db_open_pinned).
 */
static gboolean begin_planning(struct db *db, GError **error)
{
    return db_begin(db, error) && db_run(db,
                                         "SET LOCAL statement_timeout = '10min'; SET LOCAL work_mem = '64MB';"
                                         "SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off;"
                                         "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on;"
                                         "SET LOCAL enable_mergejoin = on;"
                                         "SET LOCAL plan_cache_mode = force_custom_plan",
                                         error);
}

struct db_rows *plan_due(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                         day today, GError **error)
{
    struct asking asking;
    asking_open(&asking, schedule, agency, today);
    struct db_rows *rows = NULL;
    if (begin_planning(db, error))
        rows = db_ask(db, wrapped(room, "list", ASKED "SELECT * FROM (", ") due ORDER BY party, subject, step"), 12,
                      asking.values, error);
    asking_close(&asking);
    db_rollback(db); /* it wrote nothing */
    return rows;
}

/*
 * $13 worker  $14 nominal  $15 now  $16 storm brake  $17 jobs a run. Already queued steps count for nothing.
 * Nobody knows beforehand how much is due or queued: NOT IN is one hash and the count one row, whatever Postgres
 * expects. Ordered by numbers: what is cheap to sort also comes to the indexes in order.
 */
static const char insert_before[] = ASKED ", due AS MATERIALIZED (SELECT due.* FROM (";
static const char insert_after[] =
    ") due WHERE (due.subject_id, due.cycle, due.step) NOT IN"
    "      (SELECT j.subject_id, j.cycle, j.step FROM job j WHERE j.agency_id = $1::int AND j.worker = $13)),"
    " storm AS MATERIALIZED (SELECT $16::int > 0 AND count(*) > $16::int AS brake, count(*) AS n FROM due) "
    "INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at, state, reason,"
    "                 subject, party) "
    "SELECT $1::int, $13, subject_id, cycle, step, ordinal, party_id, $14::timestamptz, $15::timestamptz,"
    "       CASE WHEN storm.brake THEN 'held' ELSE 'ready' END,"
    "       CASE WHEN storm.brake THEN 'storm: ' || storm.n || ' jobs in one plan' END, subject, party"
    "  FROM due, storm ORDER BY party_id, subject_id LIMIT NULLIF($17::int, 0)";

/* Two plans at a time may find the same step due. To look out for that costs a fifth of writing the jobs, and it hardly
 * ever happens: the first attempt fails then, and only the second one (`again`) leaves out what is there already. */
static gboolean insert_jobs(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                            const char *nominal, const char *now, day today, gboolean again, struct plan_outcome *ret,
                            GError **error)
{
    g_autofree char *brake = g_strdup_printf("%d", schedule->storm_brake);
    g_autofree char *per_run = g_strdup_printf("%d", schedule->per_run);
    struct asking asking;
    asking_open(&asking, schedule, agency, today);
    const char *const more[] = {room->name, nominal, now, brake, per_run};
    memcpy(asking.values + 12, more, sizeof more);
    g_autofree char *counted = g_strconcat("WITH made AS (", insert_before, NULL);
    g_autofree char *counted_after = g_strconcat(
        insert_after, again ? " ON CONFLICT DO NOTHING" : "",
        " RETURNING state) SELECT count(*) AS planned, count(*) FILTER (WHERE state = 'held') AS held FROM made", NULL);
    AUTO_ROWS struct db_rows *rows =
        db_ask(db, wrapped(room, again ? "insert_again" : "insert", counted, counted_after), 17, asking.values, error);
    asking_close(&asking);
    if (!rows)
        return FALSE;
    ret->planned = db_int(rows, 0, "planned");
    ret->held = db_int(rows, 0, "held") > 0;
    return TRUE;
}

/* Tasks whose cause is gone withdraw themselves, with the reason. */
static gboolean withdraw_tasks(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                               day today, instant now, GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency), *date = day_format(today);
    if (!room->withdraw->text[0])
        return TRUE;
    AUTO_ROWS struct db_rows *rows = db_ask_with(db, room->withdraw, error, number, date, schedule->settings);
    gboolean good = rows != NULL;
    for (int r = 0; good && r < db_rows_count(rows); r++)
        good =
            desk_withdraw(db, agency, db_int(rows, r, "task_id"), room->name, db_text(rows, r, "reason"), now, error);
    return good;
}

static gboolean brake_task(struct db *db, const struct room_row *room, int agency, day today, instant now,
                           const char *title, const char *reason, GError **error)
{
    g_autofree char *matter = g_strdup_printf("%s brake", room->name);
    g_autofree char *party = g_strdup_printf("schedule:%s", room->name);
    struct desk_task task = {.agency = agency,
                             .worker = room->name,
                             .step = "brake",
                             .party = party,
                             .matter = matter,
                             .subjects = "{}",
                             .title = title,
                             .reason = reason,
                             .role = "va_lead",
                             .priority = "urgent",
                             .due_on = today,
                             .now = now};
    gint64 id;
    return desk_raise(db, &task, &id, error);
}

/* Whether the schedule may run now; *ret_reason says why not. */
static gboolean may_run(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                        instant now, char **ret_reason, GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency);
    AUTO_ROWS struct db_rows *paused = db_ask_with(db, &sql_schedule_paused, error, number, room->name);
    if (!paused)
        return FALSE;
    if (db_rows_count(paused) && !db_is_null(paused, 0, "paused_by")) {
        *ret_reason = g_strdup_printf("paused by %s", db_text(paused, 0, "paused_by"));
        return TRUE;
    }
    if (!schedule->stop_if_data_older_than_h || clock_is_virtual() || !room->freshness->text[0])
        return TRUE;
    AUTO_ROWS struct db_rows *fresh = db_ask_with(db, room->freshness, error, number);
    if (!fresh)
        return FALSE;
    const char *text = db_rows_count(fresh) ? db_text(fresh, 0, "at") : NULL;
    instant at = 0;
    if (text && !instant_parse(text, &at, error))
        return FALSE;
    if (now - at > SECONDS(3600) * schedule->stop_if_data_older_than_h)
        *ret_reason = text ? g_strdup_printf("the data was last refreshed at %s, over %d hours ago", text,
                                             schedule->stop_if_data_older_than_h)
                           : g_strdup("the data was never imported");
    return TRUE;
}

static gboolean note_occurrence(struct db *db, const char *worker, int agency, const char *nominal, const char *now,
                                const char *state, const struct plan_outcome *outcome, gboolean *ret_new,
                                GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency);
    g_autofree char *planned = g_strdup_printf("%" G_GINT64_FORMAT, outcome->planned);
    gint64 touched =
        db_tell(db, &sql_occurrence_note, error, number, worker, nominal, state, outcome->reason, now, planned);
    *ret_new = touched > 0;
    return touched >= 0;
}

static gboolean note_event(struct db *db, const char *worker, int agency, instant now, const char *state,
                           const char *nominal, const char *actor, const struct plan_outcome *outcome, GError **error)
{
    g_autofree char *kind = g_strdup_printf("occurrence.%s", state), *about = g_strdup_printf("schedule:%s", worker);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "nominal", nominal);
    js_set_int(detail, "planned", outcome->planned);
    js_set_text(detail, "reason", outcome->reason);
    g_autofree char *text = js_print(detail);
    return desk_event(db, agency, now, actor, kind, about, text, error);
}

static gboolean run_in_transaction(struct db *db, const struct room_row *room, const struct schedule *schedule,
                                   int agency, instant nominal, instant now, const char *actor, gboolean again,
                                   struct plan_outcome *ret, GError **error)
{
    g_autofree char *nominal_text = instant_format(nominal), *now_text = instant_format(now);
    day today = zone_day(schedule->zone, now);
    gboolean is_new;
    if (!may_run(db, room, schedule, agency, now, &ret->reason, error))
        return FALSE;
    ret->skipped = ret->reason != NULL;
    KILL_POINT(plan, begun);
    if (!withdraw_tasks(db, room, schedule, agency, today, now, error))
        return FALSE;
    if (!ret->skipped && !insert_jobs(db, room, schedule, agency, nominal_text, now_text, today, again, ret, error))
        return FALSE;
    if (ret->held)
        ret->reason = g_strdup_printf("%" G_GINT64_FORMAT " jobs in one plan; the storm brake holds over %d. Look at "
                                      "them with tickler jobs, then tickler release-storm",
                                      ret->planned, schedule->storm_brake);
    const char *state = ret->skipped ? "skipped" : ret->held ? "held" : "fired";
    gboolean paused = ret->skipped && g_str_has_prefix(ret->reason, "paused");
    if (ret->reason && !paused &&
        !brake_task(db, room, agency, today, now, ret->held ? "Look at a plan of unusual size" : "Import fresh data",
                    ret->reason, error))
        return FALSE;
    if (!note_occurrence(db, room->name, agency, nominal_text, now_text, state, ret, &is_new, error))
        return FALSE;
    if (!is_new) { /* another scheduler was first: its plan stands */
        ret->taken = TRUE;
        g_set_error(error, DB_ERROR, DB_CONFLICT, "this occurrence is already in the ledger");
        return FALSE;
    }
    return note_event(db, room->name, agency, now, state, nominal_text, actor, ret, error);
}

static gboolean try_run(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                        instant nominal, instant now, const char *actor, gboolean again, struct plan_outcome *ret,
                        GError **error)
{
    *ret = (struct plan_outcome){0};
    if (begin_planning(db, error) &&
        run_in_transaction(db, room, schedule, agency, nominal, now, actor, again, ret, error)) {
        KILL_POINT(plan, inserted);
        if (db_commit(db, error)) {
            KILL_POINT(plan, committed);
            return TRUE;
        }
    }
    db_rollback(db);
    g_clear_pointer(&ret->reason, g_free);
    return FALSE;
}

gboolean plan_run(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                  instant nominal, instant now, const char *actor, struct plan_outcome *ret, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (try_run(db, room, schedule, agency, nominal, now, actor, FALSE, ret, &why))
        return TRUE;
    if (db_found_duplicate(db))
        return try_run(db, room, schedule, agency, nominal, now, actor, TRUE, ret, error);
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean plan_skip(struct db *db, const char *worker, int agency, instant nominal, instant now, const char *reason,
                   GError **error)
{
    g_autofree char *nominal_text = instant_format(nominal), *now_text = instant_format(now);
    const struct plan_outcome outcome = {.skipped = TRUE, .reason = (char *)reason};
    gboolean is_new;
    return note_occurrence(db, worker, agency, nominal_text, now_text, "skipped", &outcome, &is_new, error) &&
           (!is_new || note_event(db, worker, agency, now, "skipped", nominal_text, "scheduler", &outcome, error));
}

gboolean plan_give_up(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                      instant nominal, instant now, const char *why, GError **error)
{
    day today = zone_day(schedule->zone, now);
    g_autofree char *reason = g_strdup_printf("the plan failed: %s", why);
    g_autofree char *task = g_strdup_printf("%s. Tell an admin; once it is mended: tickler run %s", reason, room->name);
    if (db_begin(db, error) && plan_skip(db, room->name, agency, nominal, now, reason, error) &&
        brake_task(db, room, agency, today, now, "A room could not plan its day", task, error) && db_commit(db, error))
        return TRUE;
    db_rollback(db);
    return FALSE;
}
