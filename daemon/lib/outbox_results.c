/*
 * What became of the letters that were claimed, written inside the open transaction. Only their claimant's word counts:
 * who comes back after its lease finds that another has settled the matter, and changes nothing.
 */
#include <string.h>

#include "desk.h"
#include "libtickler_sql.h"
#include "log.h"
#include "room_shared.h"

#define RETRY_CEILING_US SECONDS(4 * 3600)

static const char *state_word(enum delivery delivery)
{
    static const char *const words[] = {[DELIVERY_SENT] = "sent",
                                        [DELIVERY_LATER] = "failed",
                                        [DELIVERY_NEVER] = "failed",
                                        [DELIVERY_UNKNOWN] = "unknown"};
    return words[delivery];
}

/* `matter` is lent; the same matter has one open task. */
static gboolean letter_task(struct desk *desk, const struct claim *claim, const char *step, const char *matter,
                            const char *title, const char *reason, GError **error)
{
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    g_auto(GStrv) words = g_strsplit(claim->subjects, "\n", -1);
    for (char **word = words; *word; word++)
        db_array_add(subjects, *word);
    instant now = clock_now();
    const struct desk_task task = {.agency = claim->agency,
                                   .worker = desk->room->name,
                                   .step = step,
                                   .party = claim->party,
                                   .matter = matter,
                                   .subjects = db_array_text(subjects),
                                   .title = title,
                                   .reason = reason,
                                   .role = "va",
                                   .priority = "high",
                                   .due_on = bizcal_next(desk->schedule->calendar, zone_day(desk->schedule->zone, now)),
                                   .now = now};
    gint64 id;
    return desk_raise(desk->db, &task, &id, error);
}

/* What the relay said, as it may stand in a task's reason and so in the event log. */
static char *reply_in_words(const struct claim *claim, const char *when_none)
{
    return claim->reply ? desk_without_address(claim->reply, claim->address) : g_strdup(when_none);
}

static gboolean record_unknown(struct desk *desk, const struct claim *claim, GError **error)
{
    g_autofree char *name = desk_party_name(desk->db, claim->agency, claim->party);
    g_autofree char *title = g_strdup_printf("Did letter %" G_GINT64_FORMAT " to %s arrive?", claim->message_id, name);
    g_autofree char *matter = g_strdup_printf("unknown message:%" G_GINT64_FORMAT, claim->message_id);
    g_autofree char *words = reply_in_words(claim, "");
    g_autofree char *reason =
        g_strdup_printf("The line broke before the relay's last word (%s). Ask the recipient; the "
                        "letter is not sent again by itself.",
                        words);
    return letter_task(desk, claim, "unknown", matter, title, reason, error);
}

/* The relay is at fault, our sender or the letter: an admin's matter, one for each letter. */
static gboolean record_unsent(struct desk *desk, const struct claim *claim, GError **error)
{
    g_autofree char *name = desk_party_name(desk->db, claim->agency, claim->party);
    g_autofree char *title = g_strdup_printf("A letter to %s could not be sent", name);
    g_autofree char *matter = g_strdup_printf("unsent message:%" G_GINT64_FORMAT, claim->message_id);
    g_autofree char *words = reply_in_words(claim, "no reason given");
    g_autofree char *reason =
        g_strdup_printf("Letter %" G_GINT64_FORMAT " did not go: %s. Ask an admin to look at the relay, then call "
                        "about the open matter.",
                        claim->message_id, words);
    return letter_task(desk, claim, "contact", matter, title, reason, error);
}

static gboolean record_never(struct desk *desk, const struct claim *claim, gboolean suppress, GError **error)
{
    if (!suppress)
        return record_unsent(desk, claim, error);
    const struct desk_bounce bounce = {.agency = claim->agency,
                                       .actor = desk->room->name,
                                       .message_id = claim->message_id,
                                       .reason = claim->reply ? claim->reply : "no reason given",
                                       .calendar = desk->schedule->calendar,
                                       .zone = desk->schedule->zone};
    return desk_bounced(desk->db, &bounce, error);
}

/* 5 min, 10, 20 ... up to 4 h, moved by up to a tenth either way by the job's own number, so that they spread. */
static instant retry_at(const struct desk *desk, const struct claim *claim)
{
    gint64 wait = SECONDS(desk->config->settings->retry_first_s) << MIN(claim->tries, 10);
    wait = MIN(wait, RETRY_CEILING_US);
    gint64 spread = wait / 10;
    guint hash = g_str_hash(claim->internet_id);
    return clock_now() + wait - spread + (spread ? (gint64)(hash % (guint64)(2 * spread)) : 0);
}

static gboolean postpone_jobs(struct desk *desk, const struct claim *claim, GError **error)
{
    instant until = claim->metered ? claim->until : retry_at(desk, claim);
    gboolean good = TRUE;
    for (guint i = 0; good && i < claim->job_ids->len; i++)
        good = outbox_postpone(desk, g_array_index(claim->job_ids, gint64, i), until, claim->reply, !claim->metered,
                               error);
    return good;
}

/* `if_unknown: resend`: what may have arrived goes again like what did not, as often as that (outbox_doubt.c). */
static gboolean goes_again(const struct desk *desk, const struct claim *claim)
{
    return claim->delivery == DELIVERY_UNKNOWN && desk->relay && desk->config->settings->resend_unknown &&
           !claim->delivered_before && claim->tries + 1 < desk->config->settings->retry_limit;
}

static gboolean waits(const struct desk *desk, const struct claim *claim)
{
    return claim->delivery == DELIVERY_LATER || goes_again(desk, claim);
}

/* A job whose letter waits for another try waits with it, also when another copy of it went out. */
static gboolean has_waiting_twin(const struct desk *desk, gint64 job)
{
    for (guint i = 0; i < desk->claimed->len; i++) {
        const struct claim *claim = desk->claimed->pdata[i];
        for (guint k = 0; waits(desk, claim) && k < claim->job_ids->len; k++)
            if (g_array_index(claim->job_ids, gint64, k) == job)
                return TRUE;
    }
    return FALSE;
}

/* The jobs that the letters of one transaction end; parallel lists. */
struct results {
    struct db_array *jobs, *outcomes, *reasons;
};

static void settle_jobs(const struct desk *desk, const struct claim *claim, const struct results *results)
{
    for (guint i = 0; i < claim->job_ids->len; i++) {
        gint64 job = g_array_index(claim->job_ids, gint64, i);
        if (has_waiting_twin(desk, job))
            continue;
        db_array_add_int(results->jobs, job);
        db_array_add(results->outcomes, claim->delivery == DELIVERY_NEVER ? "never" : "done");
        db_array_add(results->reasons, claim->delivery == DELIVERY_SENT ? NULL : claim->reply);
    }
}

static void give_up_when_tired(const struct desk *desk, struct claim *claim)
{
    if (claim->delivery != DELIVERY_LATER || claim->metered || claim->tries + 1 < desk->config->settings->retry_limit)
        return;
    claim->delivery = DELIVERY_NEVER;
}

/* A letter that may have arrived is never "failed": refused when it goes again, a person is asked. */
static void keep_doubt(struct claim *claim)
{
    if (!claim->in_doubt || claim->delivery != DELIVERY_NEVER)
        return;
    claim->delivery = DELIVERY_UNKNOWN;
    claim->delivered_before = TRUE;
}

static const char *state_of(const struct claim *claim)
{
    return state_word(claim->in_doubt && claim->delivery == DELIVERY_LATER ? DELIVERY_UNKNOWN : claim->delivery);
}

static void note_result(struct desk *desk, const struct claim *claim)
{
    const char *state = state_of(claim);
    g_autofree char *kind = g_strdup_printf("%s.%s", claim->is_hook ? "webhook" : "message", state);
    g_autofree char *letter = g_strdup_printf("message:%" G_GINT64_FORMAT, claim->message_id);
    g_autofree char *words = claim->is_hook ? g_strdup(claim->reply) : reply_in_words(claim, NULL);
    desk_note(desk, claim->agency, kind, claim->is_hook ? claim->subjects : letter, words);
}

static gboolean record_one(struct desk *desk, const struct claim *claim, const struct results *results, GError **error)
{
    if (!claim->on_record)
        note_result(desk, claim);
    if (waits(desk, claim))
        return postpone_jobs(desk, claim, error);
    settle_jobs(desk, claim, results);
    if (claim->delivery == DELIVERY_UNKNOWN)
        return record_unknown(desk, claim, error);
    if (claim->delivery == DELIVERY_NEVER && claim->is_hook)
        return letter_task(desk, claim, "webhook", "webhook", "A web hook refuses our calls", claim->reply, error);
    return claim->delivery != DELIVERY_NEVER || record_never(desk, claim, claim->about_address, error);
}

static void add_numbers(const struct db_rows *rows, const char *column, GHashTable *set)
{
    for (int row = 0; rows && row < db_rows_count(rows); row++) {
        gint64 *number = g_new(gint64, 1);
        *number = db_int(rows, row, column);
        g_hash_table_add(set, number);
    }
}

/* `ours` gets the message ids (gint64) of those that were still ours. */
static gboolean write_results(struct desk *desk, GHashTable *ours, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *messages = db_array_new(), *states = db_array_new();
    AUTO_ARRAY struct db_array *replies = db_array_new();
    for (guint i = 0; i < desk->claimed->len; i++) {
        const struct claim *claim = desk->claimed->pdata[i];
        if (claim->is_hook || claim->on_record)
            continue;
        db_array_add_int(agencies, claim->agency);
        db_array_add_int(messages, claim->message_id);
        db_array_add(states, state_of(claim));
        db_array_add(replies, claim->reply);
    }
    if (db_array_length(messages) == 0)
        return TRUE;
    g_autofree char *now = instant_format(clock_now());
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_message_result, error, db_array_text(agencies), db_array_text(messages),
                    db_array_text(states), db_array_text(replies), now, process_incarnation());
    add_numbers(rows, "message_id", ours);
    return rows != NULL;
}

/* A web hook has no row of its own: it is ours while its job is there. */
static gboolean find_hooks(struct desk *desk, GHashTable *ret_jobs, GError **error)
{
    AUTO_ARRAY struct db_array *ids = db_array_new();
    for (guint i = 0; i < desk->claimed->len; i++) {
        const struct claim *claim = desk->claimed->pdata[i];
        for (guint k = 0; claim->is_hook && k < claim->job_ids->len; k++)
            db_array_add_int(ids, g_array_index(claim->job_ids, gint64, k));
    }
    if (db_array_length(ids) == 0)
        return TRUE;
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_job_still_ready, error, db_array_text(ids));
    add_numbers(rows, "job_id", ret_jobs);
    return rows != NULL;
}

static gboolean is_ours(const struct claim *claim, GHashTable *letters, GHashTable *hook_jobs)
{
    if (claim->is_hook)
        return claim->job_ids->len && g_hash_table_contains(hook_jobs, &g_array_index(claim->job_ids, gint64, 0));
    return claim->on_record || g_hash_table_contains(letters, &claim->message_id);
}

gboolean outbox_record(struct desk *desk, GError **error)
{
    AUTO_ARRAY struct db_array *jobs = db_array_new(), *outcomes = db_array_new(), *reasons = db_array_new();
    const struct results results = {jobs, outcomes, reasons};
    g_autoptr(GHashTable) letters = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) hook_jobs = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < desk->claimed->len; i++) {
        give_up_when_tired(desk, desk->claimed->pdata[i]);
        keep_doubt(desk->claimed->pdata[i]);
    }
    gboolean good = write_results(desk, letters, error) && find_hooks(desk, hook_jobs, error);
    guint late = 0;
    for (guint i = 0; good && i < desk->claimed->len; i++) {
        const struct claim *claim = desk->claimed->pdata[i];
        if (is_ours(claim, letters, hook_jobs))
            good = record_one(desk, claim, &results, error);
        else
            late++;
    }
    if (late)
        log_warning("%s: %u results came too late: others have settled them", desk->room->name, late);
    return good && outbox_finish(desk, jobs, outcomes, reasons, error);
}
