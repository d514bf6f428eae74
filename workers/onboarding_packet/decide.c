/* What a packet needs. Pure: no clock, no database, no I/O. */
#include "decide.h"

#include <string.h>

static gboolean is_step(const struct job *job, const char *series)
{
    return g_str_has_prefix(job->step_id, series);
}

static struct js *parsed(const struct job *job, const char *column)
{
    const char *text = job_text(job, column);
    return *text ? js_parse(text, strlen(text), NULL) : NULL;
}

static void leave_out_gone(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE && *job_text(job, "gone"))
            job_say(job, VERDICT_MOOT, "%s", job_text(job, "gone"));
    }
}

/* --- letters */

static gboolean has_other_letter(const struct party *party, const struct job *job)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *other = party->jobs->pdata[i];
        if (other != job && other->verdict == VERDICT_NONE && strcmp(other->subject, job->subject) == 0 &&
            (is_step(other, "packet_") || is_step(other, "moved_") || is_step(other, "final_")))
            return TRUE;
    }
    return FALSE;
}

/* The other letters name what is open as well. */
static void give_way(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE && is_step(job, "open_") && has_other_letter(party, job))
            job_say(job, VERDICT_SUPERSEDED, "another letter about the placement goes today and names what is open");
    }
}

/* A chase put off since a letter went the day before may come up on a holiday; the next plan finds it again. */
static void keep_days_off(struct party *party)
{
    if (bizcal_is_open(party->schedule->calendar, party->today))
        return;
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE && is_step(job, "open_"))
            job_say(job, VERDICT_MOOT, "nobody is chased on a day off");
    }
}

static gboolean holds_document(const struct js *all, const char *id)
{
    for (gsize i = 0; i < js_length(all); i++)
        if (g_strcmp0(js_get_text(js_at(all, i), "id"), id) == 0)
            return TRUE;
    return FALSE;
}

static struct js *documents_of(const GPtrArray *jobs)
{
    struct js *all = js_array();
    for (guint i = 0; i < jobs->len; i++) {
        AUTO_JS struct js *own = parsed(jobs->pdata[i], "documents");
        for (gsize k = 0; own && k < js_length(own); k++)
            if (!holds_document(all, js_get_text(js_at(own, k), "id")))
                js_add(all, js_ref((struct js *)js_at(own, k)));
    }
    return all;
}

/* --- the count-down: a task for each open item */

static void raise_paper_task(struct party *party, struct job *job, struct js *paper)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, job);
    struct task_wish *wish = party_task(party, job->step, party_data(party, one));
    wish->matter = g_strdup_printf("item %s %s", job->subject, js_get_text(paper, "id"));
    wish->reason = g_strdup(js_get_text(paper, "why"));
    wish->phone = g_strdup(js_get_text(paper, "phone"));
    js_set(wish->data, "paper", js_ref(paper));
    g_ptr_array_add(wish->jobs, job);
}

static void count_down(struct party *party, struct job *job)
{
    AUTO_JS struct js *papers = parsed(job, "papers");
    for (gsize i = 0; papers && i < js_length(papers); i++)
        raise_paper_task(party, job, (struct js *)js_at(papers, i));
    job->verdict = VERDICT_DONE;
}

void packet_decide(struct party *party)
{
    leave_out_gone(party);
    give_way(party);
    keep_days_off(party);
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE && is_step(job, "items_") && job->step->task.title)
            count_down(party, job);
    }
    party_take_steps(party);
    for (guint i = 0; i < party->letters->len; i++) {
        struct letter_wish *wish = party->letters->pdata[i];
        js_unref(wish->documents);
        wish->documents = documents_of(wish->jobs);
    }
}
