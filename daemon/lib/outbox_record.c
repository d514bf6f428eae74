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

/* To look out for a step that is in the ledger already costs a quarter of writing it there, and a worker has read just
 * before that it is not. Where it is all the same, the window fails and is done again with a closer look. */
static const struct sql *finish_sql(const struct desk *desk)
{
    static struct sql again = {.name = "job_finish_again"};
    if (!desk->looks_out)
        return &sql_job_finish;
    if (!again.text)
        again.text = g_strconcat(sql_job_finish.text, " ON CONFLICT DO NOTHING", NULL);
    return &again;
}

gboolean outbox_finish(struct desk *desk, struct db_array *ids, struct db_array *outcomes, struct db_array *reasons,
                       GError **error)
{
    g_autofree char *now = instant_format(clock_now());
    return db_array_length(ids) == 0 || db_tell(desk->db, finish_sql(desk), error, db_array_text(ids),
                                                db_array_text(outcomes), db_array_text(reasons), now) >= 0;
}

gboolean outbox_postpone(struct desk *desk, gint64 job, instant until, const char *reason, gboolean tried,
                         GError **error)
{
    AUTO_ARRAY struct db_array *ids = db_array_new(), *untils = db_array_new(), *reasons = db_array_new();
    g_autofree char *at = instant_format(until);
    db_array_add_int(ids, job);
    db_array_add(untils, at);
    db_array_add(reasons, reason);
    return db_tell(desk->db, &sql_job_later, error, db_array_text(ids), db_array_text(untils), db_array_text(reasons),
                   tried ? "1" : "0") >= 0;
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

/* What is done has its row in the ledger, and its letters and tasks have events of their own. */
static void note_verdict(struct desk *desk, const struct job *job, const char *outcome)
{
    if (job->verdict == VERDICT_DONE)
        return;
    g_autofree char *kind = g_strdup_printf("job.%s", outcome);
    g_autofree char *reason = g_strconcat(job->step_id, job->reason ? ": " : NULL, job->reason, NULL);
    desk_note(desk, job->agency, kind, job->subject, reason);
}

void outbox_verdicts(struct desk *desk, const struct party *party, struct verdicts *verdicts)
{
    static const char *const outcomes[] = {[VERDICT_DONE] = "done",
                                           [VERDICT_SUPERSEDED] = "superseded",
                                           [VERDICT_NEVER] = "never",
                                           [VERDICT_MOOT] = "moot",
                                           [VERDICT_HELD] = "held"};
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_LATER) {
            g_autofree char *until = instant_format(job->until);
            db_array_add_int(verdicts->later, job->id);
            db_array_add(verdicts->untils, until);
            db_array_add(verdicts->why_later, job->reason);
        } else if (job->verdict != VERDICT_DONE || !is_claimed(desk, job->id)) {
            db_array_add_int(verdicts->ended, job->id);
            db_array_add(verdicts->outcomes, outcomes[job->verdict]);
            db_array_add(verdicts->reasons, job->reason);
            note_verdict(desk, job, outcomes[job->verdict]);
        }
    }
}

struct verdicts *verdicts_new(void)
{
    struct verdicts *v = g_new(struct verdicts, 1);
    *v = (struct verdicts){db_array_new(), db_array_new(), db_array_new(),
                           db_array_new(), db_array_new(), db_array_new()};
    return v;
}

void verdicts_free(struct verdicts **verdicts)
{
    struct verdicts *v = *verdicts;
    struct db_array **const lists[] = {&v->ended, &v->outcomes, &v->reasons, &v->later, &v->untils, &v->why_later};
    for (gsize i = 0; i < ARRAY_LEN(lists); i++)
        db_array_free(lists[i]);
    g_clear_pointer(verdicts, g_free);
}

gboolean outbox_settle(struct desk *desk, struct verdicts *v, GError **error)
{
    return outbox_finish(desk, v->ended, v->outcomes, v->reasons, error) &&
           (db_array_length(v->later) == 0 || db_tell(desk->db, &sql_job_later, error, db_array_text(v->later),
                                                      db_array_text(v->untils), db_array_text(v->why_later), "0") >= 0);
}

static int by_agency(gconstpointer a, gconstpointer b)
{
    return (*(struct note *const *)a)->agency - (*(struct note *const *)b)->agency;
}

gboolean outbox_events(struct desk *desk, GError **error)
{
    g_autofree char *now = instant_format(clock_now());
    g_ptr_array_sort(desk->events, by_agency); /* agencies in order: so two of these do not wait for each other */
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
