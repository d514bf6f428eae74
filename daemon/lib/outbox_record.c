/* Verdicts into the ledger and the queue, and what happened into the event log; inside the open transaction. */
#include <string.h>

#include "desk.h"
#include "libtickler_sql.h"
#include "room_shared.h"

static void note_free(struct note *note)
{
    g_free(note->kind);
    g_free(note->about);
    g_free(note->detail);
    g_free(note);
}

void desk_note(struct desk *desk, int agency, const char *kind, const char *about, const char *reason)
{
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "reason", reason);
    struct note *note = g_new0(struct note, 1);
    *note =
        (struct note){.agency = agency, .kind = g_strdup(kind), .about = g_strdup(about), .detail = js_print(detail)};
    if (!desk->events->len)
        g_ptr_array_set_free_func(desk->events, (GDestroyNotify)note_free);
    g_ptr_array_add(desk->events, note);
}

gboolean outbox_finish(struct desk *desk, struct db_array *ids, struct db_array *outcomes, struct db_array *reasons,
                       GError **error)
{
    g_autofree char *now = instant_format(clock_now());
    return db_array_length(ids) == 0 || db_tell(desk->db, &sql_job_finish, error, db_array_text(ids),
                                                db_array_text(outcomes), db_array_text(reasons), now) >= 0;
}

gboolean outbox_postpone(struct desk *desk, gint64 job, instant until, const char *reason, gboolean tried,
                         GError **error)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, job), *at = instant_format(until);
    return db_tell(desk->db, &sql_job_later, error, id, at, reason, tried ? "1" : "0") >= 0;
}

/* Whether a letter of this window will decide the job. */
static gboolean is_claimed(const struct desk *desk, gint64 job)
{
    for (guint i = desk->claimed->len; i-- > 0;) {
        const struct claim *claim = desk->claimed->pdata[i];
        for (guint k = 0; k < claim->job_ids->len; k++)
            if (g_array_index(claim->job_ids, gint64, k) == job)
                return TRUE;
    }
    return FALSE;
}

gboolean outbox_verdicts(struct desk *desk, const struct party *party, GError **error)
{
    static const char *const outcome[] = {[VERDICT_DONE] = "done",
                                          [VERDICT_SUPERSEDED] = "superseded",
                                          [VERDICT_NEVER] = "never",
                                          [VERDICT_MOOT] = "moot",
                                          [VERDICT_HELD] = "held"};
    AUTO_ARRAY struct db_array *ids = db_array_new(), *outcomes = db_array_new(), *reasons = db_array_new();
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_LATER) {
            if (!outbox_postpone(desk, job->id, job->until, job->reason, FALSE, error))
                return FALSE;
            continue;
        }
        if (job->verdict == VERDICT_DONE && is_claimed(desk, job->id))
            continue;
        db_array_add_int(ids, job->id);
        db_array_add(outcomes, outcome[job->verdict]);
        db_array_add(reasons, job->reason);
        g_autofree char *kind = g_strdup_printf("job.%s", outcome[job->verdict]);
        g_autofree char *reason =
            g_strdup_printf("%s%s%s", job->step_id, job->reason ? ": " : "", job->reason ? job->reason : "");
        desk_note(desk, job->agency, kind, job->subject, reason);
    }
    return outbox_finish(desk, ids, outcomes, reasons, error);
}

static int by_agency(gconstpointer a, gconstpointer b)
{
    return (*(struct note *const *)a)->agency - (*(struct note *const *)b)->agency;
}

gboolean outbox_events(struct desk *desk, GError **error)
{
    g_autofree char *now = instant_format(clock_now());
    g_ptr_array_sort(desk->events, by_agency); /* agencies in order: two workers cannot wait for each other's heads */
    for (guint i = 0; i < desk->events->len;) {
        AUTO_ARRAY struct db_array *kinds = db_array_new(), *abouts = db_array_new(), *details = db_array_new();
        int agency = ((struct note *)desk->events->pdata[i])->agency;
        for (; i < desk->events->len && ((struct note *)desk->events->pdata[i])->agency == agency; i++) {
            const struct note *note = desk->events->pdata[i];
            db_array_add(kinds, note->kind);
            db_array_add(abouts, note->about);
            db_array_add(details, note->detail);
        }
        g_autofree char *number = g_strdup_printf("%d", agency);
        if (db_tell(desk->db, &sql_append_events, error, number, now, desk->room->name, db_array_text(kinds),
                    db_array_text(abouts), db_array_text(details)) < 0)
            return FALSE;
    }
    return TRUE;
}
