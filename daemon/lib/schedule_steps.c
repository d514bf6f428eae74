/* One step of a ladder: when, to whom, which letter and which task; and its repetitions. */
#include <string.h>

#include "schedule_loading.h"
#include "template.h"

static const char *const priorities[] = {"low", "normal", "high", "urgent"};

#define MAX_REPEATS 200

void step_free(gpointer data)
{
    struct step *step = data;
    g_free(step->id);
    g_free(step->series);
    g_free(step->at_text);
    g_free(step->template);
    g_free(step->task.title);
    g_free(step->task.priority);
    g_free(step->task.script);
    g_free(step);
}

struct step *step_copy(const struct step *from)
{
    struct step *step = g_new(struct step, 1);
    *step = *from;
    step->id = g_strdup(from->id);
    step->series = g_strdup(from->series);
    step->at_text = g_strdup(from->at_text);
    step->template = g_strdup(from->template);
    step->task.title = g_strdup(from->task.title);
    step->task.priority = g_strdup(from->task.priority);
    step->task.script = g_strdup(from->task.script);
    return step;
}

void take_offset(struct loading *in, const struct yaml *node, struct offset *ret, char **ret_text)
{
    const char *text;
    if (!yaml_text(node, &text, in->problems))
        return;
    if (!offset_parse(text, ret))
        yaml_wrong(node, in->problems,
                   "'%s' is no distance; write +20d, -5bd, 0d or +30d+3bd (bd: business days, at most 3650)", text);
    if (ret_text) {
        g_free(*ret_text);
        *ret_text = g_strdup(text);
    }
}

static gboolean take_recipient(struct loading *in, const struct yaml *node, enum recipient *ret)
{
    int choice;
    if (!yaml_choice(node, recipient_names, RECIPIENTS, &choice, in->problems))
        return FALSE;
    *ret = (enum recipient)choice;
    return TRUE;
}

/* Renders a template file against the room's sample, so that an unknown name is found before a letter is. */
static void check_template(struct loading *in, const struct yaml *at, const char *name, gboolean letter)
{
    static const struct {
        const char *suffix;
        enum template_kind kind;
    } parts[] = {{"txt", TEMPLATE_TEXT}, {"html", TEMPLATE_HTML}};
    for (gsize i = 0; i < (letter ? 2 : 1); i++) {
        g_autofree char *path = g_strdup_printf("%s/%s.%s.mustache", in->templates_dir, name, parts[i].suffix);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;
        if (!g_file_get_contents(path, &text, NULL, &error)) {
            yaml_wrong(at, in->problems, "template '%s': %s", name, error->message);
            continue;
        }
        if (letter && i == 0 && (!g_str_has_prefix(text, "Subject: ") || !strstr(text, "\n\n")))
            problems_add(in->problems, path, 1, 1, "the first line is 'Subject: ...', then comes an empty line");
        g_autofree char *out = in->sample ? template_render(path, text, parts[i].kind, in->sample, &error) : NULL;
        if (in->sample && !out)
            problems_add(in->problems, path, 0, 0, "%s",
                         error->message + (g_str_has_prefix(error->message, path) ? strlen(path) + 1 : 0));
    }
}

static void take_send(struct loading *in, const struct yaml *node, struct step *step)
{
    static const char *const words[] = {"template", "to"};
    (void)!yaml_expect_map(node, words, ARRAY_LEN(words), in->problems);
    const struct yaml *template = yaml_get(node, "template"), *to = yaml_get(node, "to");
    const char *text;
    if (!template || !to) {
        yaml_wrong(node, in->problems,
                   "a letter needs a template and to whom it goes: {template: reminder, to: "
                   "billing_contact}");
        return;
    }
    if (yaml_text(template, &text, in->problems)) {
        step->template = g_strdup(text);
        check_template(in, template, text, TRUE);
    }
    gsize n = to->kind == YAML_LIST ? to->values->len : 1;
    if (n < 1 || n > ARRAY_LEN(step->to)) {
        yaml_wrong(to, in->problems, "1 to %zu recipients are expected", ARRAY_LEN(step->to));
        return;
    }
    for (gsize i = 0; i < n; i++)
        if (take_recipient(in, to->kind == YAML_LIST ? to->values->pdata[i] : to, &step->to[step->to_count]))
            step->to_count++;
}

static void take_task(struct loading *in, const struct yaml *node, struct step *step)
{
    static const char *const words[] = {"title", "to", "priority", "due_in", "script"};
    (void)!yaml_expect_map(node, words, ARRAY_LEN(words), in->problems);
    const struct yaml *title = yaml_get(node, "title"), *to = yaml_get(node, "to"), *script = yaml_get(node, "script");
    const struct yaml *priority = yaml_get(node, "priority"), *due_in = yaml_get(node, "due_in");
    const char *text;
    int choice = 1;
    if (!title || !to) {
        yaml_wrong(node, in->problems, "a task needs a title and to whom it goes: {title: \"Call\", to: va}");
        return;
    }
    if (yaml_text(title, &text, in->problems))
        step->task.title = g_strdup(text);
    if (step->task.title && in->sample) {
        g_autoptr(GError) error = NULL;
        g_autofree char *out = template_render("title", text, TEMPLATE_TEXT, in->sample, &error);
        if (!out)
            yaml_wrong(title, in->problems, "%s", error->message);
    }
    (void)!take_recipient(in, to, &step->task.to);
    if (priority)
        (void)!yaml_choice(priority, priorities, ARRAY_LEN(priorities), &choice, in->problems);
    step->task.priority = g_strdup(priorities[choice]);
    step->task.due_in = (struct offset){.count = 1, .business = TRUE};
    if (due_in)
        take_offset(in, due_in, &step->task.due_in, NULL);
    if (script && yaml_text(script, &text, in->problems)) {
        step->task.script = g_strdup(text);
        check_template(in, script, text, FALSE);
    }
}

const struct step *find_step(const GPtrArray *steps, const char *id)
{
    for (guint i = 0; i < steps->len; i++)
        if (strcmp(((struct step *)steps->pdata[i])->id, id) == 0)
            return steps->pdata[i];
    return NULL;
}

/* Which of the room's tracks a step stands on: the main one, unless it says. */
static int take_track(struct loading *in, const struct yaml *step, const struct yaml *node)
{
    const GPtrArray *tracks = in->schedule->tracks;
    int track = 0;
    if (!node && strcmp(tracks->pdata[0], "main") != 0)
        yaml_wrong(step, in->problems, "a step of this room says on which track it stands: {track: %s, ...}",
                   (const char *)tracks->pdata[0]);
    if (node && !yaml_choice(node, (const char *const *)tracks->pdata, tracks->len, &track, in->problems))
        track = 0;
    return track;
}

static void take_effects(struct loading *in, const struct yaml *node, struct step *step)
{
    const struct yaml *send = yaml_get(node, "send"), *task = yaml_get(node, "task");
    if (!send && !task)
        yaml_wrong(node, in->problems, "step '%s' neither sends a letter nor makes a task", step->id);
    if (send && send->kind == YAML_MAP)
        take_send(in, send, step);
    else if (send)
        yaml_wrong(send, in->problems, "{template: ..., to: ...} is expected");
    if (task && task->kind == YAML_MAP)
        take_task(in, task, step);
    else if (task)
        yaml_wrong(task, in->problems, "{title: ..., to: ...} is expected");
}

void series_of(struct loading *in, const struct yaml *node, const struct step *first, GPtrArray *ret)
{
    const struct yaml *every_node = yaml_get(node, "every"), *until_node = yaml_get(node, "until");
    struct offset every = {0}, until = {0};
    if (!every_node && !until_node)
        return;
    if (!every_node || !until_node) {
        yaml_wrong(node, in->problems, "`every` and `until` go together: {at: +21d, every: 14d, until: +90d}");
        return;
    }
    take_offset(in, every_node, &every, NULL);
    take_offset(in, until_node, &until, NULL);
    if (every.count <= 0 || every.business != first->at.business || until.business != first->at.business ||
        every.then_business || until.then_business) {
        yaml_wrong(every_node, in->problems,
                   "a step repeats forward, and `at`, `every` and `until` count the same days");
        return;
    }
    if (until.count < first->at.count) {
        yaml_wrong(until_node, in->problems, "`until` (%s) lies before `at` (%s)", until_node->text, first->at_text);
        return;
    }
    int at = first->at.count;
    for (int n = 2; (at += every.count) <= until.count; n++) {
        if (n > MAX_REPEATS) {
            yaml_wrong(every_node, in->problems, "a step repeats at most %d times", MAX_REPEATS);
            return;
        }
        struct step *again = step_copy(first);
        g_free(again->id);
        g_free(again->at_text);
        again->id = g_strdup_printf("%s_%d", first->id, n);
        again->at.count = at;
        again->at_text = g_strdup_printf("%+d%s", at, first->at.business ? "bd" : "d");
        g_ptr_array_add(ret, again);
    }
}

/* A step and its repetitions join the ladder. */
static void add_steps(struct loading *in, const struct yaml *node, struct step *first)
{
    g_autoptr(GPtrArray) again = g_ptr_array_new();
    g_ptr_array_add(in->schedule->steps, first);
    series_of(in, node, first, again);
    for (guint i = 0; i < again->len; i++) {
        struct step *step = again->pdata[i];
        if (find_step(in->schedule->steps, step->id))
            yaml_wrong(node, in->problems, "the repetition '%s' has the id of another step", step->id);
        g_ptr_array_add(in->schedule->steps, step);
    }
}

void take_step(struct loading *in, const struct yaml *node)
{
    static const char *const words[] = {"id", "at", "every", "until", "track", "send", "task"};
    if (!yaml_expect_map(node, words, ARRAY_LEN(words), in->problems) && node->kind != YAML_MAP)
        return;
    const struct yaml *id = yaml_get(node, "id"), *at = yaml_get(node, "at");
    const char *text = NULL;
    if (!id || !at) {
        yaml_wrong(node, in->problems,
                   "a step needs an id and a distance from its anchor: {id: reminder, at: +3d, ...}");
        return;
    }
    if (!yaml_text(id, &text, in->problems))
        return;
    if (find_step(in->schedule->steps, text))
        yaml_wrong(id, in->problems, "two steps have the id '%s'", text);
    struct step *step = g_new0(struct step, 1);
    step->id = g_strdup(text);
    step->series = g_strdup(text);
    step->track = take_track(in, node, yaml_get(node, "track"));
    take_offset(in, at, &step->at, &step->at_text);
    take_effects(in, node, step);
    add_steps(in, node, step);
}
