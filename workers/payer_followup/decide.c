/* What a panel application needs. Pure: no clock, no database, no I/O. */
#include "decide.h"

#include <string.h>

/* A letter where it can arrive; otherwise a person calls or looks at the portal. */
static void choose_channel(struct job *job)
{
    gboolean reachable = strcmp(job_text(job, "reachable"), "t") == 0;
    if (!job->step || !job->step->template || !job->step->task.title)
        return;
    job->no_task = reachable;
    job->no_letter = !reachable;
}

/* What the task is about, whichever of the track's steps raised it. The first word is the track's: withdraw.sql reads
 * it. */
static char *matter_of(const struct party *party, const struct job *job)
{
    const char *track = schedule_track(party->schedule, job->step);
    if (strcmp(track, "agreed") == 0)
        track = "followup";
    if (strcmp(track, "escalation") == 0)
        return g_strdup_printf("%s %s %s", track, job->subject, job->step->series);
    if (strcmp(track, "gap") == 0)
        return g_strdup_printf("%s %s %s", track, job->subject, job->party);
    return g_strdup_printf("%s %s", track, job->subject);
}

void payer_decide(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++)
        choose_channel(party->jobs->pdata[i]);
    party_take_steps(party);
    for (guint i = 0; i < party->tasks->len; i++) {
        struct task_wish *wish = party->tasks->pdata[i];
        g_free(wish->matter);
        wish->matter = matter_of(party, wish->jobs->pdata[0]);
    }
}
