/* The VA desk: one digest a morning instead of a mail per task, and tasks that age climb. Pure. */
#include "decide.h"

#include <string.h>

static const char *text(const struct job *job, const char *column)
{
    const char *value = db_text(job->rows, job->row, column);
    return value ? value : "";
}

/* --- the digest: what is urgent first, and within that what is due first; bounded, however much is open */

enum { IN_FULL = 25, AS_LINES = 200, SCRIPT_CHARS = 4000 };

static const struct {
    const char *priority, *title, *words;
} groups[] = {{"urgent", "Urgent", "urgent"},
              {"high", "High priority", "of high priority"},
              {"normal", "Normal", "normal"},
              {"low", "When there is time", "for when there is time"}};

static char *due_in_words(const struct js *task)
{
    day due;
    if (!day_parse(js_get_text(task, "due"), &due))
        return g_strdup(js_get_text(task, "due"));
    g_autofree char *date = day_format_long(due);
    gint64 late = js_get_int(task, "days_late", 0);
    if (late <= 0)
        return g_strdup_printf(late == 0 ? "today" : "%s", date);
    return g_strdup_printf("%s, overdue by %" G_GINT64_FORMAT " day%s", date, late, late == 1 ? "" : "s");
}

/* Cut where it is too long for a mail, and with each line behind `indent`. */
static char *script_of(const struct js *task, const char *indent)
{
    const char *script = js_get_text(task, "script");
    g_autofree char *cut = g_utf8_strlen(script, -1) > SCRIPT_CHARS ? g_utf8_substring(script, 0, SCRIPT_CHARS) : NULL;
    g_auto(GStrv) lines = g_strsplit(cut ? cut : script, "\n", -1);
    GString *text = g_string_new(NULL);
    for (char **line = lines; *line; line++)
        g_string_append_printf(text, "%s%s%s", line == lines ? "" : "\n", **line ? indent : "", *line);
    while (text->len && g_ascii_isspace(text->str[text->len - 1]))
        g_string_truncate(text, text->len - 1);
    if (cut)
        g_string_append_printf(text, "\n%s... tickler task %d shows the rest", indent, (int)js_get_int(task, "id", 0));
    return g_string_free(text, FALSE);
}

static struct js *digest_task(const struct js *task)
{
    struct js *row = js_object();
    static const char *const same[] = {"title", "about", "room", "priority", "phone", "reason"};
    for (gsize i = 0; i < ARRAY_LEN(same); i++)
        js_set_text(row, same[i], js_get_text(task, same[i]));
    g_autofree char *due = due_in_words(task), *script = script_of(task, ""), *indented = script_of(task, "     ");
    js_set_int(row, "id", js_get_int(task, "id", 0));
    js_set_text(row, "due", due);
    js_set_bool(row, "late", js_get_int(task, "days_late", 0) > 0);
    js_set_bool(row, "has_phone", *js_get_text(task, "phone") != '\0');
    js_set_bool(row, "has_script", *script != '\0');
    js_set_text(row, "script", script);
    js_set_text(row, "script_indented", indented);
    return row;
}

static gboolean is_of(const struct js *task, gsize group)
{
    return strcmp(js_get_text(task, "priority"), groups[group].priority) == 0;
}

/* The tasks of one priority among the first IN_FULL; NULL when there are none. */
static struct js *digest_group(const struct js *tasks, gsize group)
{
    struct js *list = js_array();
    for (gsize i = 0; i < MIN(js_length(tasks), IN_FULL); i++)
        if (is_of(js_at(tasks, i), group))
            js_add(list, digest_task(js_at(tasks, i)));
    if (js_length(list) == 0) {
        js_unref(list);
        return NULL;
    }
    struct js *row = js_object();
    js_set_text(row, "heading", groups[group].title);
    js_set(row, "tasks", list);
    return row;
}

/* "2 urgent, 4 of high priority, 1 normal; 3 overdue" */
static char *in_short(const struct js *tasks)
{
    GString *text = g_string_new(NULL);
    int late = 0;
    for (gsize i = 0; i < js_length(tasks); i++)
        late += js_get_int(js_at(tasks, i), "days_late", 0) > 0;
    for (gsize g = 0; g < ARRAY_LEN(groups); g++) {
        int count = 0;
        for (gsize i = 0; i < js_length(tasks); i++)
            count += is_of(js_at(tasks, i), g);
        if (count)
            g_string_append_printf(text, "%s%d %s", text->len ? ", " : "", count, groups[g].words);
    }
    if (late)
        g_string_append_printf(text, "; %d overdue", late);
    return g_string_free(text, FALSE);
}

static struct js *digest_data(const struct party *party, const struct job *job, const struct js *tasks)
{
    struct js *data = js_object(), *all = js_array(), *lines = js_array();
    gint64 count = (gint64)js_length(tasks), lined = CLAMP(count - IN_FULL, 0, AS_LINES);
    for (gsize g = 0; g < ARRAY_LEN(groups); g++) {
        struct js *group = digest_group(tasks, g);
        if (group)
            js_add(all, group);
    }
    for (gsize i = 0; i < (gsize)lined; i++)
        js_add(lines, digest_task(js_at(tasks, IN_FULL + i)));
    g_autofree char *today = day_format_long(party->today), *summary = in_short(tasks);
    js_set(data, "groups", all);
    js_set(data, "more", lines);
    js_set_int(data, "more_count", count - IN_FULL);
    js_set_bool(data, "has_more", lined > 0);
    js_set_bool(data, "has_rest", count > IN_FULL + AS_LINES);
    js_set_int(data, "rest", count - IN_FULL - AS_LINES);
    js_set_int(data, "count", count);
    js_set_bool(data, "one", count == 1);
    js_set_bool(data, "many", count != 1);
    js_set_text(data, "today", today);
    js_set_text(data, "summary", summary);
    js_set_text(data, "agency_name", text(job, "agency_name"));
    return data;
}

static void write_digest(struct party *party, struct job *job)
{
    const char *json = text(job, "tasks");
    AUTO_JS struct js *tasks = js_parse(json, strlen(json), NULL);
    struct letter_wish *wish = party_letter(party, job->step, digest_data(party, job, tasks));
    wish->to_name = text(job, "name");
    wish->to_address = text(job, "email");
    wish->free_of_gap = TRUE;
    wish->variety = "digest";
    g_ptr_array_add(wish->jobs, job);
    job->verdict = VERDICT_DONE;
}

/* --- tasks that nobody closes, and web hooks */

static void climb(struct party *party, struct job *job)
{
    struct js *data = js_object();
    js_set_text(data, "title", text(job, "title"));
    js_set_text(data, "party", text(job, "task_party"));
    js_set_text(data, "days_late", text(job, "days_late"));
    struct task_wish *wish = party_task(party, job->step, data);
    wish->matter = g_strdup_printf("%s %s", job->step_id, job->subject);
    gboolean one = strcmp(text(job, "days_late"), "1") == 0;
    wish->reason = g_strdup_printf("Task %" G_GINT64_FORMAT " of %s is overdue by %s day%s: %s", job->subject_id,
                                   text(job, "name"), text(job, "days_late"), one ? "" : "s", text(job, "task_reason"));
    wish->phone = g_strdup(db_text(job->rows, job->row, "task_phone"));
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
