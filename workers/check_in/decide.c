/* What a placement's check-ins need. Pure: no clock, no database, no I/O. */
#include "decide.h"

#include <string.h>

/* Jobs about an answer that came; all others ask for one. */
static const char *answer_of(const struct job *job)
{
    return job_text(job, "response");
}

static gboolean asks(const struct job *job)
{
    return job->step && !*answer_of(job) && !g_str_has_prefix(job->step_id, "differ");
}

static void settle_before_steps(struct party *party)
{
    const struct bizcal *calendar = party->schedule->calendar;
    day opens = bizcal_next(calendar, party->today);
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict != VERDICT_NONE || *job_text(job, "gone"))
            continue;
        if (strcmp(job->step_id, "moved") == 0)
            job_say(job, VERDICT_SUPERSEDED, "%s", job_text(job, "why"));
        else if (opens > party->today && asks(job))
            job_later(job, zone_at(party->schedule->zone, opens, 0), "nobody is asked on a day off");
    }
}

static gboolean any_item(const struct js *items, const char *flag)
{
    for (gsize i = 0; i < js_length(items); i++)
        if (js_get_bool(js_at(items, i), flag))
            return TRUE;
    return FALSE;
}

void check_in_decide(struct party *party)
{
    settle_before_steps(party);
    party_take_steps(party);
    for (guint i = 0; i < party->letters->len; i++) {
        struct js *data = ((struct letter_wish *)party->letters->pdata[i])->data;
        js_set_bool(data, "asks_first", any_item(js_get(data, "items"), "first"));
        js_set_bool(data, "asks_second", any_item(js_get(data, "items"), "second"));
    }
    for (guint i = 0; i < party->tasks->len; i++) {
        struct task_wish *task = party->tasks->pdata[i];
        const struct job *job = task->jobs->pdata[0];
        if (!*answer_of(job))
            continue;
        g_free(task->matter);
        task->matter = g_strdup_printf("%s %s response:%s", job->step->series, job->subject, answer_of(job));
    }
}
