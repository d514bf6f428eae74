/* The common shape of a room's decision. Pure. */
#include <string.h>

#include "room.h"

const char *job_text(const struct job *job, const char *column)
{
    const char *value = db_text(job->rows, job->row, column);
    return value ? value : "";
}

static struct js *column_json(const struct job *job, const char *column)
{
    const char *text = job_text(job, column);
    return *text ? js_parse(text, strlen(text), NULL) : NULL;
}

struct js *party_data(const struct party *party, const GPtrArray *jobs)
{
    struct js *data = column_json(jobs->pdata[0], "common"), *items = js_array();
    data = data ? data : js_object();
    for (guint i = 0; i < jobs->len; i++) {
        struct js *item = column_json(jobs->pdata[i], "item");
        js_add(items, item ? item : js_object());
    }
    g_autofree char *today = day_format_long(party->today);
    g_autofree char *reply_by = day_format_long(bizcal_add(party->schedule->calendar, party->today, 5));
    js_set(data, "items", items);
    js_set_int(data, "count", jobs->len);
    js_set_bool(data, "one", jobs->len == 1);
    js_set_bool(data, "many", jobs->len > 1);
    js_set_text(data, "today", today);
    js_set_text(data, "reply_by", reply_by);
    return data;
}

static gboolean is_outside(const struct step *step)
{
    return step->to_count > 0 && step->to[0] <= TO_PAYER;
}

static gboolean wants_letter(const struct job *job)
{
    return job->verdict == VERDICT_NONE && job->step && job->step->template && !job->no_letter;
}

/* The undecided jobs whose steps write by this template; the one furthest up its ladder first. */
static GPtrArray *jobs_of_template(const struct party *party, const char *template)
{
    GPtrArray *jobs = g_ptr_array_new();
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (!wants_letter(job) || strcmp(job->step->template, template) != 0)
            continue;
        gboolean first =
            jobs->len && is_outside(job->step) && job->step->at.count > ((struct job *)jobs->pdata[0])->step->at.count;
        g_ptr_array_insert(jobs, first ? 0 : -1, job);
    }
    return jobs;
}

/* The attachments of all jobs, each once; NULL when there are none. */
static struct js *documents_of(const GPtrArray *jobs)
{
    struct js *all = NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < jobs->len; i++) {
        AUTO_JS struct js *own = column_json(jobs->pdata[i], "documents");
        for (gsize k = 0; own && k < js_length(own); k++) {
            const struct js *one = js_at(own, k);
            if (!g_hash_table_add(seen, g_strdup(js_get_text(one, "id"))))
                continue;
            all = all ? all : js_array();
            js_add(all, js_ref((struct js *)one));
        }
    }
    return all;
}

static void write_letters(struct party *party)
{
    g_autoptr(GPtrArray) written = g_ptr_array_new();
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        if (!wants_letter(job) || g_ptr_array_find_with_equal_func(written, job->step->template, g_str_equal, NULL))
            continue;
        g_ptr_array_add(written, job->step->template);
        g_autoptr(GPtrArray) jobs = jobs_of_template(party, job->step->template);
        const struct job *top = jobs->pdata[0];
        struct letter_wish *wish = party_letter(party, top->step, party_data(party, jobs));
        wish->documents = documents_of(jobs);
        for (guint k = 0; k < jobs->len; k++)
            g_ptr_array_add(wish->jobs, jobs->pdata[k]);
    }
}

static void raise_task(struct party *party, struct job *job)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, job);
    struct task_wish *wish = party_task(party, job->step, party_data(party, one));
    wish->matter = g_strdup_printf("%s %s", job->step->series, job->subject);
    wish->reason = g_strdup(job_text(job, "why"));
    wish->phone = g_strdup(db_text(job->rows, job->row, "phone"));
    if (*job_text(job, "priority"))
        wish->priority = job_text(job, "priority");
    g_ptr_array_add(wish->jobs, job);
}

void party_take_steps(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE && *job_text(job, "gone"))
            job_say(job, VERDICT_MOOT, "%s", job_text(job, "gone"));
    }
    write_letters(party);
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE && job->step && job->step->task.title && !job->no_task)
            raise_task(party, job);
        if (job->verdict == VERDICT_NONE)
            job->verdict = VERDICT_DONE;
    }
}
