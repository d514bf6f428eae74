/* The VA desk: one digest a morning instead of a mail per task, and tasks that age climb. Pure. */
#include "decide.h"

#include <string.h>

static const char *text(const struct job *job, const char *column)
{
    const char *value = db_text(job->rows, job->row, column);
    return value ? value : "";
}

static void write_digest(struct party *party, struct job *job)
{
    struct js *data = js_object();
    const char *json = text(job, "tasks");
    struct js *tasks = js_parse(json, strlen(json), NULL);
    gint64 count = (gint64)js_length(tasks);
    g_autofree char *today = day_format(party->today);
    js_set(data, "tasks", tasks);
    js_set_int(data, "count", count);
    js_set_bool(data, "one", count == 1);
    js_set_bool(data, "many", count != 1);
    js_set_text(data, "today", today);
    js_set_text(data, "agency_name", text(job, "agency_name"));
    struct letter_wish *wish = party_letter(party, job->step, data);
    wish->to_name = text(job, "name");
    wish->to_address = text(job, "email");
    wish->free_of_gap = TRUE;
    wish->variety = "digest";
    g_ptr_array_add(wish->jobs, job);
    job->verdict = VERDICT_DONE;
}

static void climb(struct party *party, struct job *job)
{
    struct js *data = js_object();
    js_set_text(data, "title", text(job, "title"));
    js_set_text(data, "party", text(job, "task_party"));
    js_set_text(data, "days_late", text(job, "days_late"));
    struct task_wish *wish = party_task(party, job->step, data);
    wish->matter = g_strdup_printf("%s %s", job->step_id, job->subject);
    wish->reason = g_strdup_printf("%s has been due for %s days at %s. %s", job->subject, text(job, "days_late"),
                                   job->party, text(job, "task_reason"));
    g_ptr_array_add(wish->jobs, job);
    job->verdict = VERDICT_DONE;
}

static void call_hooks(struct party *party, struct job *job)
{
    const char *event = strcmp(job->step_id, "webhook_closed") == 0 ? "task.closed" : "task.created";
    struct js *body = js_object(), *data = js_object();
    js_set_text(body, "type", event);
    js_set_int(data, "task", job->subject_id);
    js_set_text(data, "state", text(job, "task_state"));
    js_set_text(data, "priority", text(job, "priority"));
    js_set_text(data, "due", text(job, "due_on"));
    js_set_text(data, "about", text(job, "task_party"));
    js_set_text(data, "assignee", job->party);
    js_set_text(data, "outcome", text(job, "outcome"));
    js_set(body, "data", data);
    party_hook(party, job, g_strdup_printf("%s-%d-%" G_GINT64_FORMAT, event, job->agency, job->subject_id), body);
    job->verdict = VERDICT_DONE;
}

void desk_decide(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict != VERDICT_NONE)
            continue;
        if (*text(job, "gone"))
            job_say(job, VERDICT_MOOT, "%s", text(job, "gone"));
        else if (g_str_has_prefix(job->step_id, "webhook"))
            call_hooks(party, job);
        else if (strcmp(job->step_id, "digest") == 0)
            write_digest(party, job);
        else
            climb(party, job);
    }
}
