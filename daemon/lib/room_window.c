/*
 * The windows of a batch. For each one transaction records what became of the last one's letters, reads the subjects as
 * they are now, decides, and claims.
 */
#include <string.h>

#include "kill_point.h"
#include "libtickler_sql.h"
#include "log.h"
#include "patience.h"
#include "room_shared.h"

/* Tries to record what was sent when Postgres refuses it or we should stop; an outage is waited for. */
#define TRIES_MAX 60

struct job *window_read_job(const struct desk *desk, const struct db_rows *rows, int row)
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
    KILL_POINT_OF(worker, decide, job->subject);
    return job;
}

/* Rows come ordered by party: each run of one party is decided together. */
static GPtrArray *parties_of(const struct desk *desk, const struct db_rows *rows, GHashTable *taken)
{
    GPtrArray *parties = g_ptr_array_new_with_free_func((GDestroyNotify)party_free);
    instant now = clock_now();
    for (int row = 0; row < db_rows_count(rows);) {
        const char *name = db_text(rows, row, "party"), *agency = db_text(rows, row, "agency_id");
        struct party *party = party_new(desk->schedule, zone_day(desk->schedule->zone, now), now);
        for (; row < db_rows_count(rows) && strcmp(db_text(rows, row, "party"), name) == 0 &&
               strcmp(db_text(rows, row, "agency_id"), agency) == 0;
             row++) {
            gint64 id = db_int(rows, row, "job_id");
            if (!g_hash_table_contains(taken, &id))
                g_ptr_array_add(party->jobs, window_read_job(desk, rows, row));
        }
        if (party->jobs->len)
            g_ptr_array_add(parties, party);
        else
            party_free(party);
    }
    return parties;
}

static gboolean handle_parties(struct desk *desk, const GPtrArray *parties, guint most, struct verdicts *verdicts,
                               GError **error)
{
    for (guint i = 0; i < parties->len; i++)
        room_decide(desk->room, parties->pdata[i]);
    if (!outbox_claim(desk, parties, most, error))
        return FALSE;
    for (guint i = 0; i < parties->len; i++)
        outbox_verdicts(desk, parties->pdata[i], verdicts);
    return TRUE;
}

/* One at a time: what each comes to is settled before the next. */
static gboolean handle_doubts(struct desk *desk, const struct db_rows *rows, GHashTable *taken, guint most,
                              struct verdicts *verdicts, GError **error)
{
    gboolean good = TRUE;
    while (good && desk->doubts->len) {
        g_autoptr(GPtrArray) one = g_ptr_array_new_with_free_func((GDestroyNotify)party_free);
        const struct claim *first = desk->doubts->pdata[0];
        struct party *party = outbox_next_doubt(desk, rows, taken, clock_now());
        g_ptr_array_add(one, party);
        good = (party->jobs->len == 0 || handle_parties(desk, one, most, verdicts, error)) &&
               outbox_settle_doubts(desk, party, first, error);
    }
    return good;
}

/* A window grows while few letters come of it; a wide one that turns out to hold too many is given up. */
static gboolean handle_rows(struct desk *desk, struct window_of_jobs *window, const struct db_rows *rows,
                            GHashTable *taken, guint recorded, GError **error)
{
    AUTO_VERDICTS struct verdicts *verdicts = verdicts_new();
    guint most = window->is_wide ? (guint)desk->config->settings->send_window : G_MAXUINT;
    if (!handle_doubts(desk, rows, taken, most, verdicts, error))
        return FALSE;
    g_autoptr(GPtrArray) parties = parties_of(desk, rows, taken);
    if (!handle_parties(desk, parties, most, verdicts, error))
        return FALSE;
    window->letters = desk->claimed->len - recorded; /* with calls of web hooks, and letters from before */
    if (window->letters <= most)
        return outbox_settle(desk, verdicts, error);
    g_set_error(error, DB_ERROR, DB_CONFLICT, "more than %u letters in one window", most);
    return FALSE;
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

static gboolean record_letters(struct desk *desk, GError **error)
{
    if (!db_begin(desk->db, error) || !outbox_record(desk, error))
        return FALSE;
    KILL_POINT(worker, recorded);
    return TRUE;
}

/* What a window's questions told. */
static gboolean work_on(struct desk *desk, struct window_of_jobs *window, struct db_question *letters,
                        struct db_question *subjects, guint recorded, GError **error)
{
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_hash_table_remove_all(desk->retried);
    g_ptr_array_set_size(desk->doubts, 0);
    if (!outbox_resume(desk, letters->answer, taken, error))
        return FALSE;
    if (db_rows_count(letters->answer)) { /* what became of them belongs to what is true now */
        db_rows_free(&subjects->answer);
        if (!db_ask_together(desk->db, subjects, 1, error))
            return FALSE;
    }
    const struct db_rows *rows = subjects->answer;
    if (!handle_rows(desk, window, rows, taken, recorded, error) ||
        !settle_without_record(desk, window, rows, taken, error) || !outbox_events(desk, error))
        return FALSE;
    if (desk->claimed->len > recorded)
        KILL_POINT(worker, claimed);
    return TRUE;
}

/* The transaction begins and all that the decision needs is asked in one round trip; where letters wait for their
 * record, that comes first. */
static gboolean do_window(struct desk *desk, struct window_of_jobs *window, guint recorded, GError **error)
{
    g_autofree char *today = day_format(zone_day(desk->schedule->zone, clock_now()));
    g_autofree char *min_amount = int_text(desk->schedule->min_amount_cents);
    const char *const values[] = {db_array_text(window->ids), today, min_amount, desk->schedule->settings};
    struct db_question questions[] = {{.sql = &db_begin_sql},
                                      {.sql = &sql_message_of_jobs, .n = 1, .values = values},
                                      {.sql = desk->room->fetch, .n = 4, .values = values, .rows = window->jobs}};
    guint first = recorded ? 1 : 0, n = ARRAY_LEN(questions) - first;
    gboolean good = (!recorded || record_letters(desk, error)) &&
                    db_ask_together(desk->db, questions + first, n, error) &&
                    work_on(desk, window, &questions[1], &questions[2], recorded, error);
    db_answers_free(questions, ARRAY_LEN(questions));
    return good;
}

static void forget_new_claims(struct desk *desk, guint kept)
{
    g_ptr_array_set_size(desk->claimed, (int)kept);
    g_ptr_array_set_size(desk->events, 0);
}

/* The first whose row this transaction changes: neither a web hook nor one that an earlier worker has settled. */
static const struct claim *first_letter(const struct desk *desk, guint from)
{
    for (guint i = from; i < desk->claimed->len; i++) {
        const struct claim *claim = desk->claimed->pdata[i];
        if (!claim->is_hook && !claim->on_record)
            return claim;
    }
    return NULL;
}

/* By what the transaction wrote: a new claim is there, or, without one, an old one is no more. */
static gboolean is_there(struct desk *desk, guint recorded)
{
    const struct claim *claimed = first_letter(desk, recorded), *claim = claimed ? claimed : first_letter(desk, 0);
    if (!claim)
        return FALSE;
    g_autofree char *agency = int_text(claim->agency), *id = int_text(claim->message_id);
    gint64 rows = db_tell(desk->db, &sql_message_is_claimed, NULL, agency, id, process_incarnation());
    return claimed ? rows > 0 : rows == 0;
}

/* Commits; what a new primary cannot tell is looked up. */
static gboolean commit(struct desk *desk, guint recorded, GError **error)
{
    if (db_commit(desk->db, error))
        return TRUE;
    if (!g_error_matches(*error, DB_ERROR, DB_UNSURE) || !is_there(desk, recorded))
        return FALSE;
    g_clear_error(error);
    return TRUE;
}

static gboolean try_window(struct desk *desk, struct window_of_jobs *window, GError **error)
{
    guint recorded = desk->claimed->len;
    gboolean good =
        window ? do_window(desk, window, recorded, error) : record_letters(desk, error) && outbox_events(desk, error);
    if (good && commit(desk, recorded, error)) {
        if (desk->claimed->len > recorded)
            KILL_POINT(worker, claim_committed);
        if (recorded) {
            KILL_POINT(worker, record_committed);
            g_ptr_array_remove_range(desk->claimed, 0, recorded);
        }
        g_ptr_array_set_size(desk->events, 0);
        return TRUE;
    }
    db_rollback(desk->db);
    forget_new_claims(desk, recorded);
    return FALSE;
}

gboolean window_transact(struct desk *desk, struct window_of_jobs *window, GError **error)
{
    if (try_window(desk, window, error))
        return TRUE;
    if (!db_found_duplicate(desk->db))
        return FALSE;
    g_clear_error(error);
    desk->looks_out = TRUE;
    gboolean good = try_window(desk, window, error);
    desk->looks_out = FALSE;
    return good;
}

gboolean window_insist(struct desk *desk)
{
    for (int tries = 0; desk->claimed->len && tries < TRIES_MAX;) {
        g_autoptr(GError) error = NULL;
        if ((!db_is_lost(desk->db) || db_reopen(desk->db, &error)) && window_transact(desk, NULL, &error)) {
            patience_over();
            return TRUE;
        }
        if (!g_error_matches(error, DB_ERROR, DB_LOST)) {
            log_warning("%s: recording sent letters: %s", desk->room->name, error->message);
            tries++;
        }
        if (process_should_stop() && tries++ == 0)
            log_warning("%s: asked to stop with %u sent letters that are not on record", desk->room->name,
                        desk->claimed->len);
        patience_wait(error);
    }
    return desk->claimed->len == 0;
}
