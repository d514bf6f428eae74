/* What a license on a rung needs. Pure: no clock, no database, no I/O. */
#include "decide.h"

#include <string.h>

static gboolean is_one_of(const char *word, const char *const *words)
{
    return g_strv_contains(words, word);
}

/* Why the ladder that this step stands on has ended for its license; NULL while it goes on. */
static const char *overtaken(const struct job *job, const char *track)
{
    static const char *const own[] = {"main", "ce", "final", "expired", "expired_lead", NULL};
    static const char *const watch[] = {"watch", "watch_expiry", "watch_lead", NULL};
    const char *const status = job_text(job, "status");
    if (is_one_of(track, own)) {
        if (strcmp(status, "active") != 0 && strcmp(status, "lapsed") != 0)
            return job_text(job, "status_said");
        if (*job_text(job, "falls_with"))
            return job_text(job, "falls_with");
    }
    if (strcmp(track, "ce") == 0 && strcmp(job_text(job, "ce_short"), "t") != 0)
        return "its continuing education is complete";
    if (is_one_of(track, watch) && strcmp(status, "renewal_submitted") != 0)
        return job_text(job, "status_said");
    if (strcmp(track, "watch_lead") == 0 && strcmp(job_text(job, "priority"), "urgent") != 0)
        return "no live placement rests on it";
    if (strcmp(track, "renewed") == 0 && strcmp(status, "renewed") != 0)
        return job_text(job, "status_said");
    return NULL;
}

/* The date that the ladder counts to may be a later one since the plan: CE was completed, the board moved the filing.
 */
static gboolean is_early(const struct party *party, const struct job *job, const char *track)
{
    const char *column = strcmp(track, "main") == 0 ? "anchor" : strcmp(track, "ce") == 0 ? "ce_date" : NULL;
    day anchor;
    return column && day_parse(job_text(job, column), &anchor) &&
           offset_day(&job->step->at, party->schedule->calendar, anchor) > party->today;
}

static void set_aside_overtaken(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict != VERDICT_NONE || !job->step || *job_text(job, "gone"))
            continue;
        const char *track = schedule_track(party->schedule, job->step), *why = overtaken(job, track);
        if (!why && is_early(party, job, track))
            why = "the date that it counts to is a later one now";
        if (why)
            job_say(job, VERDICT_MOOT, "%s", why);
    }
}

static gboolean writes(const struct job *job)
{
    return job->verdict == VERDICT_NONE && job->step && job->step->template && !*job_text(job, "gone");
}

/* A license stands once in a letter: of its steps of the day the one nearest its date speaks. */
static gboolean is_said_by_another(const struct party *party, const struct job *job)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *other = party->jobs->pdata[i];
        if (other != job && writes(other) && !other->no_letter && strcmp(other->subject, job->subject) == 0 &&
            strcmp(other->step->template, job->step->template) == 0 &&
            (other->step->at.count > job->step->at.count ||
             (other->step->at.count == job->step->at.count && other->ordinal < job->ordinal)))
            return TRUE;
    }
    return FALSE;
}

static void say_each_license_once(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (!writes(job) || !is_said_by_another(party, job))
            continue;
        job->no_letter = TRUE;
        if (!job->step->task.title)
            job_say(job, VERDICT_SUPERSEDED, "another step of the day writes about the same license");
    }
}

static gboolean asks_board(const struct party *party, const struct job *job, const char *track)
{
    return job->verdict == VERDICT_NONE && job->step && !*job_text(job, "gone") &&
           strcmp(schedule_track(party->schedule, job->step), track) == 0;
}

/* The fortnightly look-up says nothing on a day when the expiry already sends somebody to the board. */
static void ask_board_once(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        for (guint k = 0; asks_board(party, job, "watch") && k < party->jobs->len; k++) {
            const struct job *other = party->jobs->pdata[k];
            if (asks_board(party, other, "watch_expiry") && strcmp(other->subject, job->subject) == 0)
                job_say(job, VERDICT_SUPERSEDED, "another task of the day asks the board about the same license");
        }
    }
}

/* How urgent it is that a license has run out, is for the tasks that say so; others keep their step's priority. */
static void keep_priorities(struct party *party)
{
    static const char *const urgent[] = {"expired", "expired_lead", "watch_expiry", "watch_lead", NULL};
    for (guint i = 0; i < party->tasks->len; i++) {
        struct task_wish *wish = party->tasks->pdata[i];
        const struct step *step = ((const struct job *)wish->jobs->pdata[0])->step;
        if (!is_one_of(schedule_track(party->schedule, step), urgent))
            wish->priority = step->task.priority;
    }
}

void license_decide(struct party *party)
{
    set_aside_overtaken(party);
    say_each_license_once(party);
    ask_board_once(party);
    party_take_steps(party);
    keep_priorities(party);
}
