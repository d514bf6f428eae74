/* One room's schedule. Every wrong value is named where it stands; nothing stops at the first. */
#include "schedule.h"

#include <string.h>

#include "crypto.h"
#include "rules.h"
#include "template.h"
#include "yaml_tree.h"

const char *const recipient_names[RECIPIENTS] = {
    [TO_BILLING_CONTACT] = "billing_contact",
    [TO_CLINICAL_DIRECTOR] = "clinical_director",
    [TO_HR] = "hr",
    [TO_COMPLIANCE] = "compliance",
    [TO_THERAPIST] = "therapist",
    [TO_PAYER] = "payer",
    [TO_VA] = "va",
    [TO_VA_LEAD] = "va_lead",
    [TO_RECRUITER] = "recruiter",
    [TO_ACCOUNT_MANAGER] = "account_manager",
    [TO_LEADERSHIP] = "leadership",
};
static const char *const priorities[] = {"low", "normal", "high", "urgent"};

#define MAX_REPEATS 200

struct loading {
    struct schedule *schedule;
    struct problems *problems;
    const char *templates_dir;
    struct js *sample; /* what this room's templates may name; NULL when there is none to check against */
};

static void step_free(gpointer data)
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

static struct step *step_copy(const struct step *from)
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

static void take_offset(struct loading *in, const struct yaml *node, struct offset *ret, char **ret_text)
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

static const struct step *find_step(const GPtrArray *steps, const char *id)
{
    for (guint i = 0; i < steps->len; i++)
        if (strcmp(((struct step *)steps->pdata[i])->id, id) == 0)
            return steps->pdata[i];
    return NULL;
}

/* Which of the schedule's tracks a step stands on. */
static int take_track(struct loading *in, const struct yaml *node)
{
    int track = 0;
    if (node && !yaml_choice(node, (const char *const *)in->schedule->tracks->pdata, in->schedule->tracks->len, &track,
                             in->problems))
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

static void add_step(struct loading *in, struct step *step, int track)
{
    step->ordinal = track * TRACK_SIZE + (int)in->schedule->steps->len;
    g_ptr_array_add(in->schedule->steps, step);
}

/* `every` and `until` repeat a step: follow_up, follow_up_2, ... The repetitions are added to `ret`. */
static void series_of(struct loading *in, const struct yaml *node, const struct step *first, GPtrArray *ret)
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
    if (every.count <= 0 || every.business != first->at.business || until.business != first->at.business) {
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

static void repeat_step(struct loading *in, const struct yaml *node, const struct step *first, int track)
{
    g_autoptr(GPtrArray) again = g_ptr_array_new();
    series_of(in, node, first, again);
    for (guint i = 0; i < again->len; i++)
        add_step(in, again->pdata[i], track);
}

static void take_step(struct loading *in, const struct yaml *node)
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
    int track = take_track(in, yaml_get(node, "track"));
    step->id = g_strdup(text);
    step->series = g_strdup(text);
    add_step(in, step, track);
    take_offset(in, at, &step->at, &step->at_text);
    take_effects(in, node, step);
    repeat_step(in, node, step, track);
}

/* Business days are compared as 7/5 of a day: near enough to see that a ladder goes down instead of up. */
static double rough_days(const struct offset *at)
{
    return (at->business ? at->count * 1.4 : at->count) + at->then_business * 1.4;
}

/* Where the step stands in a list of steps; `steps` itself where that is an override's map. */
static const struct yaml *place_of(const struct yaml *steps, const struct step *step)
{
    for (guint i = 0; steps->kind == YAML_LIST && i < steps->values->len; i++) {
        const struct yaml *id = yaml_get(steps->values->pdata[i], "id");
        if (id && id->kind == YAML_TEXT && strcmp(id->text, step->id) == 0)
            return steps->values->pdata[i];
    }
    return steps;
}

static void check_order(struct loading *in, const struct yaml *at, const GPtrArray *steps)
{
    for (guint i = 1; i < steps->len; i++) {
        const struct step *before = steps->pdata[i - 1], *step = steps->pdata[i];
        if (step->ordinal / TRACK_SIZE == before->ordinal / TRACK_SIZE &&
            rough_days(&step->at) < rough_days(&before->at))
            yaml_wrong(place_of(at, step), in->problems,
                       "step '%s' (%s) stands after '%s' (%s), which comes later; put the steps in order", step->id,
                       step->at_text, before->id, before->at_text);
    }
}

static GPtrArray *copy_steps(const GPtrArray *steps)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func(step_free);
    for (guint i = 0; i < steps->len; i++)
        g_ptr_array_add(copy, step_copy(steps->pdata[i]));
    return copy;
}

/* Takes a step, and its repetitions, off the ladder. */
static void drop_series(GPtrArray *ladder, const char *series)
{
    for (guint i = ladder->len; i-- > 0;)
        if (strcmp(((struct step *)ladder->pdata[i])->series, series) == 0)
            g_ptr_array_remove_index(ladder, i);
}

/* A repeated step may be repeated otherwise: its series is laid anew, and later steps of the track make room. */
static void change_series(struct loading *in, GPtrArray *ladder, const struct yaml *change, struct step *first)
{
    g_autoptr(GPtrArray) again = g_ptr_array_new();
    guint at = 0, was = 0;
    series_of(in, change, first, again);
    for (guint i = ladder->len; i-- > 0;) {
        struct step *step = ladder->pdata[i];
        if (step == first)
            at = i;
        else if (strcmp(step->series, first->series) == 0)
            was++, g_ptr_array_remove_index(ladder, i);
    }
    for (guint i = at + 1; i < ladder->len && again->len > was; i++) {
        struct step *step = ladder->pdata[i];
        if (step->ordinal / TRACK_SIZE == first->ordinal / TRACK_SIZE)
            step->ordinal += (int)(again->len - was);
    }
    for (guint i = 0; i < again->len; i++) {
        struct step *step = again->pdata[i];
        step->ordinal = first->ordinal + 1 + (int)i;
        g_ptr_array_insert(ladder, (int)(at + 1 + i), step);
    }
}

static void change_step(struct loading *in, GPtrArray *ladder, const struct yaml *key, const struct yaml *change)
{
    static const char *const words[] = {"at", "every", "until"};
    const struct step *found = find_step(ladder, key->text);
    if (!found) {
        yaml_wrong(key, in->problems, "there is no step '%s' to override", key->text);
        return;
    }
    if (change->kind == YAML_TEXT && (strcmp(change->text, "off") == 0 || strcmp(change->text, "false") == 0)) {
        drop_series(ladder, key->text);
        return;
    }
    if (!yaml_expect_map(change, words, ARRAY_LEN(words), in->problems))
        return;
    struct step *step = (struct step *)found;
    const struct yaml *at = yaml_get(change, "at");
    if (at)
        take_offset(in, at, &step->at, &step->at_text);
    else if (!yaml_get(change, "every"))
        yaml_wrong(change, in->problems, "{at: +35d}, {at: +30d, every: 30d, until: +120d} or off is expected");
    if (yaml_get(change, "every") || yaml_get(change, "until"))
        change_series(in, ladder, change, step);
}

/* The variants that an override is for: kinds of facility, or payers by their own ids. */
static const struct yaml *take_when(struct loading *in, const struct yaml *when)
{
    static const char *const words[] = {"facility_type", "payer"};
    if (!yaml_expect_map(when, words, ARRAY_LEN(words), in->problems))
        return NULL;
    const struct yaml *types = yaml_get(when, "facility_type"), *list = types ? types : yaml_get(when, "payer");
    if (when->keys->len != 1 || !list || list->kind != YAML_LIST) {
        yaml_wrong(when, in->problems, "{facility_type: [...]} or {payer: [...]} is expected");
        return NULL;
    }
    gboolean good = TRUE;
    for (guint i = 0; i < list->values->len; i++) {
        int type;
        const char *text;
        good = (types ? yaml_choice(list->values->pdata[i], facility_types, g_strv_length((char **)facility_types),
                                    &type, in->problems)
                      : yaml_text(list->values->pdata[i], &text, in->problems)) &&
               good;
    }
    return good ? list : NULL;
}

static void take_override(struct loading *in, const struct yaml *node)
{
    static const char *const words[] = {"when", "steps"};
    const struct yaml *when = yaml_get(node, "when"), *steps = yaml_get(node, "steps");
    if (!yaml_expect_map(node, words, ARRAY_LEN(words), in->problems) || !when || !steps || steps->kind != YAML_MAP) {
        yaml_wrong(node, in->problems,
                   "{when: {facility_type: [...]}, steps: {call: {at: +35d}, courtesy: off}} is expected");
        return;
    }
    const struct yaml *variants = take_when(in, when);
    for (guint i = 0; variants && i < variants->values->len; i++) {
        const char *variant = ((struct yaml *)variants->values->pdata[i])->text;
        GPtrArray *ladder = copy_steps(schedule_ladder(in->schedule, variant));
        for (guint k = 0; k < steps->keys->len; k++)
            change_step(in, ladder, steps->keys->pdata[k], steps->values->pdata[k]);
        check_order(in, steps, ladder);
        g_hash_table_replace(in->schedule->overrides, g_strdup(variant), ladder);
    }
}

static gboolean take_money(const struct yaml *node, gint64 *ret_cents, struct problems *problems)
{
    const char *text = node->kind == YAML_TEXT ? node->text : "";
    char *end;
    gint64 whole = g_ascii_isdigit(text[0]) ? g_ascii_strtoll(text, &end, 10) : -1, cents = 0;
    gboolean good = whole >= 0 && whole <= 1000000000;
    if (good && end[0] == '.') {
        good = g_ascii_isdigit(end[1]) && g_ascii_isdigit(end[2]) && end[3] == '\0';
        cents = good ? (end[1] - '0') * 10 + end[2] - '0' : 0;
    } else if (good) {
        good = end[0] == '\0';
    }
    if (good)
        *ret_cents = whole * 100 + cents;
    else
        yaml_wrong(node, problems, "an amount like 25.00 is expected");
    return good;
}

static void take_hours(const struct yaml *node, int *ret, struct problems *problems)
{
    struct offset days;
    const char *text = node->kind == YAML_TEXT ? node->text : "";
    char *end = (char *)text;
    gint64 number = g_ascii_isdigit(text[0]) ? g_ascii_strtoll(text, &end, 10) : -1;
    if (number > 0 && number <= 8760 && strcmp(end, "h") == 0)
        *ret = (int)number;
    else if (offset_parse(text, &days) && !days.business && days.count > 0)
        *ret = days.count * 24;
    else
        yaml_wrong(node, problems, "a time like 48h or 3d is expected");
}

static void take_days(const struct yaml *node, int *ret, struct problems *problems)
{
    struct offset days;
    if (node->kind == YAML_TEXT && offset_parse(node->text, &days) && !days.business && !days.then_business &&
        days.count > 0)
        *ret = days.count;
    else
        yaml_wrong(node, problems, "a number of days like 30d is expected");
}

static void take_calendar(struct loading *in, const struct yaml *node, const GArray *days_off)
{
    static const char *const names[] = {"us_federal", "weekends"};
    int choice = 0;
    if (node && !yaml_choice(node, names, ARRAY_LEN(names), &choice, in->problems))
        choice = 0;
    in->schedule->calendar = bizcal_new(names[choice]);
    for (guint i = 0; days_off && i < days_off->len; i++)
        bizcal_add_day_off(in->schedule->calendar, g_array_index(days_off, day, i));
}

static void take_clock(struct loading *in, const struct yaml *root)
{
    static const char *const gap_words[] = {"next_valid"}, *const overlap_words[] = {"first"};
    static const char *const words[] = {"gap", "overlap"};
    const struct yaml *run = yaml_get(root, "run"), *zone = yaml_get(root, "timezone");
    const struct yaml *change = yaml_get(root, "clock_change");
    const char *text;
    int only;
    g_autoptr(GError) error = NULL;
    if (yaml_text(run, &text, in->problems)) {
        in->schedule->run_text = g_strdup(text);
        in->schedule->run = cron_parse(text, &error);
        if (!in->schedule->run)
            yaml_wrong(run, in->problems, "%s", error->message);
    }
    if (yaml_text(zone, &text, in->problems)) {
        in->schedule->zone = zone_get(text);
        if (!in->schedule->zone)
            yaml_wrong(zone, in->problems, "'%s' is no time zone; write an IANA name like America/Chicago", text);
    }
    if (!change || !yaml_expect_map(change, words, ARRAY_LEN(words), in->problems))
        return;
    if (yaml_get(change, "gap"))
        (void)!yaml_choice(yaml_get(change, "gap"), gap_words, 1, &only, in->problems);
    if (yaml_get(change, "overlap"))
        (void)!yaml_choice(yaml_get(change, "overlap"), overlap_words, 1, &only, in->problems);
}

static void take_brakes(struct loading *in, const struct yaml *root)
{
    static const char *const catch_up_words[] = {"latest", "one_step"};
    static const char *const limit_words[] = {"per_party_per_day", "per_run"};
    struct schedule *s = in->schedule;
    const struct yaml *node;
    const char *text;
    int choice;
    s->window = (struct window){.from_minute = 0, .to_minute = 1440};
    if ((node = yaml_get(root, "window")) && yaml_text(node, &text, in->problems) && !window_parse(text, &s->window))
        yaml_wrong(node, in->problems, "'%s' is no window; write \"08:00-18:00\"", text);
    if ((node = yaml_get(root, "catch_up")) && yaml_choice(node, catch_up_words, 2, &choice, in->problems))
        s->catch_up = (enum catch_up)choice;
    if ((node = yaml_get(root, "min_gap"))) {
        take_offset(in, node, &s->min_gap, NULL);
        if (s->min_gap.count < 0)
            yaml_wrong(node, in->problems, "a gap cannot be negative");
    }
    if ((node = yaml_get(root, "stop_if_data_older_than")))
        take_hours(node, &s->stop_if_data_older_than_h, in->problems);
    if ((node = yaml_get(root, "forget_after")))
        take_days(node, &s->forget_after_d, in->problems);
    if ((node = yaml_get(root, "storm_brake")))
        (void)!yaml_count(node, 0, 1000000000, &s->storm_brake, in->problems);
    if ((node = yaml_get(root, "min_amount")))
        (void)!take_money(node, &s->min_amount_cents, in->problems);
    if ((node = yaml_get(root, "thank_you")))
        (void)!yaml_truth(node, &s->thank_you, in->problems);
    const struct yaml *limits = yaml_get(root, "limits");
    if (!limits || !yaml_expect_map(limits, limit_words, ARRAY_LEN(limit_words), in->problems))
        return;
    if ((node = yaml_get(limits, "per_party_per_day")))
        (void)!yaml_count(node, 0, 1000, &s->per_party_per_day, in->problems);
    if ((node = yaml_get(limits, "per_run")))
        (void)!yaml_count(node, 0, 1000000000, &s->per_run, in->problems);
}

static void take_worker(struct loading *in, const struct yaml *node, const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *expected = g_str_has_suffix(base, ".yaml") ? g_strndup(base, strlen(base) - 5) : g_strdup(base);
    const char *text;
    if (!yaml_text(node, &text, in->problems))
        return;
    in->schedule->worker = g_strdup(text);
    if (strcmp(text, expected) != 0)
        yaml_wrong(node, in->problems, "worker '%s' does not match the file's name, %s", text, base);
}

/* The names of the tracks; "main" when there are none. */
static void take_tracks(struct loading *in, const struct yaml *node)
{
    const char *text;
    if (node && node->kind != YAML_LIST)
        yaml_wrong(node, in->problems, "a list of names is expected: [main, escalation]");
    for (guint i = 0; node && node->kind == YAML_LIST && i < node->values->len; i++)
        if (yaml_text(node->values->pdata[i], &text, in->problems))
            g_ptr_array_add(in->schedule->tracks, g_strdup(text));
    if (!in->schedule->tracks->len)
        g_ptr_array_add(in->schedule->tracks, g_strdup("main"));
}

/* One setting, of the kind that its default has. */
static void take_setting(struct loading *in, struct js *settings, const struct yaml *key, const struct yaml *value)
{
    const struct js *before = js_get(settings, key->text);
    const char *text;
    int number;
    if (js_kind(before) == JS_INT && yaml_count(value, 0, 100000, &number, in->problems))
        js_set_int(settings, key->text, number);
    else if (js_kind(before) == JS_TEXT && yaml_text(value, &text, in->problems))
        js_set_text(settings, key->text, text);
}

/* The tracks' names beside the settings: a room's questions know a job's track by its ordinal. */
static void add_tracks(const struct loading *in, struct js *settings)
{
    struct js *tracks = js_array();
    for (guint i = 0; i < in->schedule->tracks->len; i++)
        js_add_text(tracks, in->schedule->tracks->pdata[i]);
    js_set(settings, "tracks", tracks);
}

/* The room's own settings: their names, kinds and defaults are those of sample.json. */
static void take_settings(struct loading *in, const struct yaml *node)
{
    const struct js *defaults = in->sample ? js_get(in->sample, "settings") : NULL;
    AUTO_JS struct js *settings = js_object();
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (void *at = defaults ? js_first(defaults) : NULL; at; at = js_next(defaults, at)) {
        js_set(settings, js_key(at), js_ref((struct js *)js_value(at)));
        g_ptr_array_add(names, (gpointer)js_key(at));
    }
    if (node && yaml_expect_map(node, (const char *const *)names->pdata, names->len, in->problems))
        for (guint i = 0; i < node->keys->len; i++)
            take_setting(in, settings, node->keys->pdata[i], node->values->pdata[i]);
    add_tracks(in, settings);
    in->schedule->settings = js_print(settings);
}

static void take_root(struct loading *in, const struct yaml *root, const char *path, const GArray *days_off)
{
    static const char *const words[] = {"worker",       "run",       "timezone",
                                        "clock_change", "calendar",  "window",
                                        "catch_up",     "min_gap",   "stop_if_data_older_than",
                                        "forget_after", "limits",    "storm_brake",
                                        "min_amount",   "thank_you", "tracks",
                                        "settings",     "steps",     "overrides"};
    (void)!yaml_expect_map(root, words, ARRAY_LEN(words), in->problems);
    static const char *const needed[] = {"worker", "run", "timezone", "steps"};
    for (gsize i = 0; i < ARRAY_LEN(needed); i++)
        if (root->kind == YAML_MAP && !yaml_get(root, needed[i]))
            yaml_wrong(root, in->problems, "the key '%s' is missing", needed[i]);
    const struct yaml *steps = yaml_get(root, "steps"), *overrides = yaml_get(root, "overrides");
    if (root->kind != YAML_MAP || !steps || !yaml_get(root, "run") || !yaml_get(root, "timezone") ||
        !yaml_get(root, "worker"))
        return;
    take_worker(in, yaml_get(root, "worker"), path);
    take_clock(in, root);
    take_calendar(in, yaml_get(root, "calendar"), days_off);
    take_brakes(in, root);
    take_tracks(in, yaml_get(root, "tracks"));
    take_settings(in, yaml_get(root, "settings"));
    if (steps->kind != YAML_LIST || steps->values->len == 0) {
        yaml_wrong(steps, in->problems, "a list of steps is expected: - {id: reminder, at: +3d, send: {...}}");
        return;
    }
    for (guint i = 0; i < steps->values->len; i++)
        take_step(in, steps->values->pdata[i]);
    check_order(in, steps, in->schedule->steps);
    if (overrides && overrides->kind != YAML_LIST)
        yaml_wrong(overrides, in->problems, "a list is expected: - {when: {facility_type: [...]}, steps: {...}}");
    for (guint i = 0; overrides && overrides->kind == YAML_LIST && i < overrides->values->len; i++)
        take_override(in, overrides->values->pdata[i]);
}

static struct js *load_sample(const char *templates_dir, struct problems *problems)
{
    g_autofree char *path = g_build_filename(templates_dir, "sample.json", NULL);
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) error = NULL;
    struct js *sample = g_file_get_contents(path, &text, &length, &error) ? js_parse(text, length, &error) : NULL;
    if (!sample)
        problems_add(problems, path, 0, 0, "the sample that templates are checked against: %s", error->message);
    return sample;
}

struct schedule *schedule_load(const char *path, const char *templates_dir, const GArray *days_off,
                               struct problems *problems)
{
    guint before = problems_count(problems);
    struct yaml *root = yaml_load(path, problems);
    if (!root)
        return NULL;
    g_autofree char *bytes = NULL;
    gsize length = 0;
    (void)!g_file_get_contents(path, &bytes, &length, NULL);
    struct schedule *schedule = g_new0(struct schedule, 1);
    schedule->digest = crypto_sha256_hex(bytes, length);
    schedule->steps = g_ptr_array_new_with_free_func(step_free);
    schedule->tracks = g_ptr_array_new_with_free_func(g_free);
    schedule->overrides = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    struct loading in = {.schedule = schedule, .problems = problems, .templates_dir = templates_dir};
    in.sample = load_sample(templates_dir, problems);
    take_root(&in, root, path, days_off);
    yaml_tree_free(root);
    if (in.sample)
        js_unref(in.sample);
    if (problems_count(problems) > before)
        g_clear_pointer(&schedule, schedule_free);
    return schedule;
}

void schedule_free(struct schedule *schedule)
{
    if (!schedule)
        return;
    g_free(schedule->worker);
    g_free(schedule->digest);
    g_free(schedule->run_text);
    cron_free(schedule->run);
    bizcal_free(schedule->calendar);
    g_free(schedule->settings);
    g_ptr_array_unref(schedule->tracks);
    g_ptr_array_unref(schedule->steps);
    g_hash_table_unref(schedule->overrides);
    g_free(schedule);
}

const GPtrArray *schedule_ladder(const struct schedule *schedule, const char *variant)
{
    const GPtrArray *own = variant ? g_hash_table_lookup(schedule->overrides, variant) : NULL;
    return own ? own : schedule->steps;
}

const char *schedule_track(const struct schedule *schedule, const struct step *step)
{
    return schedule->tracks->pdata[step->ordinal / TRACK_SIZE];
}

const struct step *schedule_step(const struct schedule *schedule, const char *variant, const char *id)
{
    return find_step(schedule_ladder(schedule, variant), id);
}
