/* What a room says: verdicts, wishes, and the checks that every room shares. Pure. */
#include "room.h"

#include <string.h>

#include "room_shared.h"

void job_say(struct job *job, enum verdict verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_free(job->reason);
    job->reason = g_strdup_vprintf(format, arguments);
    job->verdict = verdict;
    va_end(arguments);
}

void job_later(struct job *job, instant until, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_free(job->reason);
    job->reason = g_strdup_vprintf(format, arguments);
    job->verdict = VERDICT_LATER;
    job->until = until;
    va_end(arguments);
}

struct letter_wish *party_letter(struct party *party, const struct step *step, struct js *data)
{
    struct letter_wish *wish = g_new0(struct letter_wish, 1);
    wish->data = data;
    wish->jobs = g_ptr_array_new();
    wish->variety = "";
    if (step) {
        wish->step_id = step->id;
        wish->template = step->template;
        memcpy(wish->to, step->to, sizeof wish->to);
        wish->to_count = step->to_count;
    }
    g_ptr_array_add(party->letters, wish);
    return wish;
}

struct task_wish *party_task(struct party *party, const struct step *step, struct js *data)
{
    struct task_wish *wish = g_new0(struct task_wish, 1);
    wish->data = data;
    wish->jobs = g_ptr_array_new();
    wish->priority = "normal";
    wish->role = "va";
    wish->due_on = bizcal_next(party->schedule->calendar, party->today);
    if (step && step->task.title) {
        wish->step_id = step->id;
        wish->title = g_strdup(step->task.title);
        wish->role = recipient_names[step->task.to];
        wish->priority = step->task.priority;
        wish->script = step->task.script;
        wish->due_on = offset_day(&step->task.due_in, party->schedule->calendar, party->today);
    }
    g_ptr_array_add(party->tasks, wish);
    return wish;
}

static void letter_wish_free(gpointer data)
{
    struct letter_wish *wish = data;
    js_unref(wish->data);
    js_unref(wish->documents);
    g_ptr_array_unref(wish->jobs);
    g_free(wish);
}

static void task_wish_free(gpointer data)
{
    struct task_wish *wish = data;
    js_unref(wish->data);
    g_ptr_array_unref(wish->jobs);
    g_free(wish->matter);
    g_free(wish->title);
    g_free(wish->reason);
    g_free(wish->phone);
    g_free(wish);
}

static void hook_wish_free(gpointer data)
{
    struct hook_wish *wish = data;
    g_free(wish->id);
    js_unref(wish->body);
    g_free(wish);
}

void party_hook(struct party *party, struct job *job, char *id, struct js *body)
{
    struct hook_wish *wish = g_new0(struct hook_wish, 1);
    *wish = (struct hook_wish){.id = id, .body = body, .job = job};
    g_ptr_array_add(party->hooks, wish);
}

static void job_free(gpointer data)
{
    struct job *job = data;
    g_free(job->reason);
    g_free(job);
}

struct party *party_new(const struct schedule *schedule, day today, instant now)
{
    struct party *party = g_new0(struct party, 1);
    party->schedule = schedule;
    party->today = today;
    party->now = now;
    party->contacted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    party->jobs = g_ptr_array_new_with_free_func(job_free);
    party->letters = g_ptr_array_new_with_free_func(letter_wish_free);
    party->hooks = g_ptr_array_new_with_free_func(hook_wish_free);
    party->tasks = g_ptr_array_new_with_free_func(task_wish_free);
    return party;
}

void party_free(struct party *party)
{
    g_ptr_array_unref(party->letters);
    g_ptr_array_unref(party->hooks);
    g_ptr_array_unref(party->tasks);
    g_ptr_array_unref(party->jobs);
    g_hash_table_unref(party->contacted);
    g_free(party);
}

char *int_text(gint64 number)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

char *money_format(gint64 cents)
{
    g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, ABS(cents) / 100);
    GString *text = g_string_new(cents < 0 ? "-" : "");
    gsize length = strlen(digits);
    for (gsize i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            g_string_append_c(text, ',');
        g_string_append_c(text, digits[i]);
    }
    g_string_append_printf(text, ".%02d", (int)(ABS(cents) % 100));
    return g_string_free(text, FALSE);
}

static gboolean is_extra(const struct room *room, const char *step)
{
    return room->extra_steps && g_strv_contains(room->extra_steps, step);
}

static gboolean has_higher_step(const struct party *party, const struct job *job)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *other = party->jobs->pdata[i];
        if (strcmp(other->subject, job->subject) == 0 && other->cycle == job->cycle && other->ordinal > job->ordinal &&
            other->ordinal / TRACK_SIZE == job->ordinal / TRACK_SIZE && !other->fired && !other->held)
            return TRUE;
    }
    return FALSE;
}

void room_decide(const struct room *room, struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->fired)
            job_say(job, VERDICT_MOOT, "this step has fired already");
        else if (job->held)
            job_say(job, VERDICT_HELD, "%s", job->held);
        else if (!job->step && !is_extra(room, job->step_id))
            job_say(job, VERDICT_MOOT, "the ladder no longer has this step");
        else if (job->step && has_higher_step(party, job))
            job_say(job, VERDICT_SUPERSEDED, "a later step of the same subject goes instead");
    }
    room->decide(party);
    for (guint i = 0; i < party->jobs->len; i++)
        g_assert(((struct job *)party->jobs->pdata[i])->verdict != VERDICT_NONE);
}
