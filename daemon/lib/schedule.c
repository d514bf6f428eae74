/* One room's schedule. Every wrong value is named where it stands; nothing stops at the first. */
#include "schedule.h"

#include <string.h>

#include "crypto.h"
#include "schedule_loading.h"

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
#define MAX_STEPS 2000

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
    else if (offset_parse(text, &days) && !days.business && !days.then_business && days.count > 0)
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
        if (s->min_gap.count < 0 || s->min_gap.then_business)
            yaml_wrong(node, in->problems, "a gap cannot be negative or compound");
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

/* The room's tracks are named in its sample.json; "main" alone where none are. */
static void take_tracks(struct loading *in)
{
    const struct js *names = in->sample ? js_get(in->sample, "tracks") : NULL;
    for (gsize i = 0; names && i < js_length(names); i++)
        g_ptr_array_add(in->schedule->tracks, g_strdup(js_text(js_at(names, i))));
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
    take_tracks(in);
    take_settings(in, yaml_get(root, "settings"));
    if (steps->kind != YAML_LIST || steps->values->len == 0) {
        yaml_wrong(steps, in->problems, "a list of steps is expected: - {id: reminder, at: +3d, send: {...}}");
        return;
    }
    for (guint i = 0; i < steps->values->len; i++)
        take_step(in, steps->values->pdata[i]);
    if (in->schedule->steps->len > MAX_STEPS)
        yaml_wrong(steps, in->problems, "%u steps with their repetitions; at most %d are expected",
                   in->schedule->steps->len, MAX_STEPS);
    ladder_check_order(in, steps, in->schedule->steps);
    ladder_number(in->schedule->steps);
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
    return schedule->tracks->pdata[step->track];
}

const struct step *schedule_step(const struct schedule *schedule, const char *variant, const char *id)
{
    return find_step(schedule_ladder(schedule, variant), id);
}
