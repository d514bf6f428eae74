/*
 * The configuration's loaders: exact places and sentences for bad files, all of one run, and the public YAML suite.
 * Needs no server. The templates are the shipped ones; files of a test's own stand in a temporary folder.
 */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "problems.h"
#include "secret.h"
#include "yaml_tree.h"

#define TEMPLATES SOURCE_DIR "/config/templates/invoice_escalation"
#define HEAD      "worker: invoice_escalation\nrun: \"0 9 * * mon-fri\"\ntimezone: America/Chicago\nsteps:\n"
#define FIRST     "- {id: a, at: +3d, send: {template: reminder, to: billing_contact}}\n"

static char *folder;

static char *put(const char *name, const char *text)
{
    char *path = g_build_filename(folder, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

/* All problems, one a line, without the folder. */
static char *told(const struct problems *problems)
{
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < problems_count(problems); i++)
        g_string_append_printf(all, "%s\n", problems_text(problems, i));
    g_autofree char *prefix = g_strconcat(folder, "/", NULL);
    g_string_replace(all, prefix, "", 0);
    return g_string_free(all, FALSE);
}

static char *schedule_told(const char *text, struct schedule **ret)
{
    g_autofree char *path = put("invoice_escalation.yaml", text);
    struct problems *problems = problems_new();
    struct schedule *schedule = schedule_load(path, TEMPLATES, NULL, problems);
    char *all = told(problems);
    assert_int_equal(schedule == NULL, problems_count(problems) > 0);
    problems_free(problems);
    if (ret)
        *ret = schedule;
    else
        schedule_free(schedule);
    return all;
}

static char *settings_told(const char *text)
{
    g_autofree char *path = put("ticklerd.yaml", text);
    struct problems *problems = problems_new();
    struct settings *settings = settings_load(path, "/state", problems);
    char *all = told(problems);
    settings_free(settings);
    problems_free(problems);
    return all;
}

static void expect_line(const char *all, const char *start)
{
    g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, start))
            return;
    fail_msg("no line begins with '%s' in:\n%s", start, all);
}

static void shipped_files_load(void **state)
{
    (void)state;
    struct problems *problems = problems_new();
    struct config *config = config_load(SOURCE_DIR "/config", "/state", problems);
    g_autofree char *all = told(problems);
    assert_string_equal(all, "");
    assert_non_null(config_schedule(config, "invoice_escalation"));
    assert_string_equal(config->settings->maildir, "/state/mail");
    config_free(config);
    problems_free(problems);
}

static void kb_33_ladder_by_facility_type(void **state)
{
    (void)state;
    struct schedule *s = NULL;
    g_autofree char *all =
        schedule_told(HEAD FIRST "- {id: b, at: +9d, task: {title: Call, to: va}}\n"
                                 "overrides:\n- when: {facility_type: [cmhc]}\n  steps: {a: off, b: {at: +35d}}\n",
                      &s);
    assert_string_equal(all, "");
    assert_null(schedule_step(s, "cmhc", "a"));
    assert_int_equal(schedule_step(s, "cmhc", "b")->at.count, 35);
    assert_int_equal(schedule_step(s, "cmhc", "b")->ordinal - schedule_step(s, "school", "b")->ordinal, 10 * (35 - 9));
    assert_int_equal(schedule_step(s, "school", "b")->at.count, 9);
    schedule_free(s);
}

static void oc_07_step_ids_are_unique(void **state)
{
    (void)state;
    g_autofree char *all = schedule_told(HEAD FIRST FIRST, NULL);
    expect_line(all, "invoice_escalation.yaml:6:8: two steps have the id 'a'");
}

static void oc_22_bad_distances_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"3", "+3", "+3w", "d", "+-3d", "+3651d", "1.5d", "3 d"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(HEAD "- {id: a, at: %s, task: {title: Call, to: va}}\n", bad[i]);
        g_autofree char *all = schedule_told(text, NULL);
        g_autofree char *start = g_strdup_printf("invoice_escalation.yaml:5:15: '%s' is no distance", bad[i]);
        expect_line(all, start);
    }
    g_autofree char *gap = schedule_told("min_gap: -1d\n" HEAD FIRST, NULL);
    expect_line(gap, "invoice_escalation.yaml:1:10: a gap cannot be negative");
}

static void all_errors_of_a_schedule_in_one_run(void **state)
{
    (void)state;
    g_autofree char *all =
        schedule_told("catchup: latest\nthank_you: yes\n" HEAD FIRST
                      "- {id: b, at: +1d, send: {template: reminder, to: nobody}}\n- {id: c, at: +9d}\n"
                      "overrides:\n- when: {facility_type: [zoo]}\n  steps: {a: off}\n",
                      NULL);
    expect_line(all, "invoice_escalation.yaml:1:1: unknown key 'catchup'; did you mean 'catch_up'?");
    expect_line(all, "invoice_escalation.yaml:2:12: true or false is expected (yes, no");
    expect_line(all, "invoice_escalation.yaml:8:3: step 'b' (+1d) stands after 'a'");
    expect_line(all, "invoice_escalation.yaml:8:51: 'nobody' is unknown");
    expect_line(all, "invoice_escalation.yaml:9:3: step 'c' neither sends a letter nor makes a task");
    expect_line(all, "invoice_escalation.yaml:11:26: 'zoo' is unknown");
}

static void settings_refuse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } table[] = {
        {"queue: {batch: 0}\n", "ticklerd.yaml:1:16: '0': a whole number from 1 to 1000"},
        {"queue: {batch: 1001}\n", "ticklerd.yaml:1:16: '1001': a whole number"},
        {"queue: {batch: 2junk}\n", "ticklerd.yaml:1:16: '2junk': a whole number"},
        {"queue: {bach: 2}\n", "ticklerd.yaml:1:9: unknown key 'bach'; did you mean 'batch'?"},
        {"queue: {batch: 2, batch: 3}\n", "ticklerd.yaml:1:19: 'batch' stands twice"},
        {"mail: {relay: {password: hunter2}}\n", "ticklerd.yaml:1:26: a secret never stands in YAML"},
        {"days_off: [2027-02-31]\n", "ticklerd.yaml:1:12: a date YYYY-MM-DD"},
        {"", "ticklerd.yaml:1:1: the file is empty"},
        {"a: &a [*a]\n", "ticklerd.yaml:"},
        {"queue: {batch: 2}\n---\nqueue: {batch: 3}\n", "ticklerd.yaml:3:1: a second document"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *all = settings_told(table[i].text);
        expect_line(all, table[i].line);
    }
    g_autofree char *least = settings_told("queue: {batch: 1}\n"), *most = settings_told("queue: {batch: 1000}\n");
    assert_string_equal(least, "");
    assert_string_equal(most, "");
}

/* A room with settings of its own, and steps that need no template. */
static char *room_told(const char *text, struct schedule **ret)
{
    g_autofree char *sample = put("sample.json", "{\"tracks\": [\"main\", \"side\"],"
                                                 " \"settings\": {\"low_score\": 6, \"words\": \"unsafe, hurt\"}}");
    g_autofree char *path = put("invoice_escalation.yaml", text);
    struct problems *problems = problems_new();
    struct schedule *schedule = schedule_load(path, folder, NULL, problems);
    char *all = told(problems);
    assert_int_equal(schedule == NULL, problems_count(problems) > 0);
    problems_free(problems);
    if (ret)
        *ret = schedule;
    else
        schedule_free(schedule);
    return all;
}

#define CALL(id, more) "- {id: " id ", " more ", task: {title: Call, to: va}}\n"

static void schedule_keys_refuse(void **state)
{
    (void)state;
    static const struct {
        const char *head, *steps, *line;
    } table[] = {
        {"", CALL("a", "at: +3d, track: mian"),
         "invoice_escalation.yaml:5:27: 'mian' is unknown; allowed are main, side (did you mean 'main'?)"},
        {"", CALL("a", "at: +3d, track: other"), "invoice_escalation.yaml:5:27: 'other' is unknown"},
        {"", CALL("a_2", "at: +1d") CALL("a", "at: +3d, every: 7d, until: +90d"),
         "invoice_escalation.yaml:6:3: the repetition 'a_2' has the id of another step"},
        {"", CALL("a", "at: -1d+5bd"), "invoice_escalation.yaml:5:15: '-1d+5bd' is no distance"},
        {"", CALL("a", "at: +3d, every: 2d+3bd, until: +90d"), "invoice_escalation.yaml:5:27: a step repeats forward"},
        {"min_gap: 0d+3bd\n", CALL("a", "at: +3d"),
         "invoice_escalation.yaml:1:10: a gap cannot be negative or compound"},
        {"", CALL("a", "at: +3d, every: 7d"), "invoice_escalation.yaml:5:3: `every` and `until` go together"},
        {"", CALL("a", "at: +3d, until: +90d"), "invoice_escalation.yaml:5:3: `every` and `until` go together"},
        {"", CALL("a", "at: +3d, every: -7d, until: +90d"), "invoice_escalation.yaml:5:27: a step repeats forward"},
        {"", CALL("a", "at: +3d, every: 0d, until: +90d"), "invoice_escalation.yaml:5:27: a step repeats forward"},
        {"", CALL("a", "at: +30d, every: 7d, until: +20d"),
         "invoice_escalation.yaml:5:39: `until` (+20d) lies before `at` (+30d)"},
        {"", CALL("a", "at: +3d, every: 7bd, until: +90d"),
         "invoice_escalation.yaml:5:27: a step repeats forward, and `at`, `every` and `until` count the same days"},
        {"", CALL("a", "at: +3bd, every: 7bd, until: +90d"), "invoice_escalation.yaml:5:28: a step repeats forward"},
        {"", CALL("a", "at: +3d, every: soon, until: +90d"), "invoice_escalation.yaml:5:27: 'soon' is no distance"},
        {"", CALL("a", "at: +0d, every: 1d, until: +3650d"),
         "invoice_escalation.yaml:5:27: a step repeats at most 200 times"},
        {"", CALL("a", "at: +3d, every: 7d, until: +10d") CALL("a_2", "at: +20d"),
         "invoice_escalation.yaml:6:8: two steps have the id 'a_2'"},
        {"", CALL("a", "at: +3d, every: 7d, until: +30d") CALL("b", "at: +20d"),
         "invoice_escalation.yaml:6:3: step 'b' (+20d) stands after 'a_4' (+24d)"},
        {"", CALL("a", "at: +30d") CALL("s", "at: +400d, track: side") CALL("b", "at: +3d"),
         "invoice_escalation.yaml:7:3: step 'b' (+3d) stands after 'a' (+30d)"},
        {"overrides: [{when: {payer: [Y-1]}, steps: {a_3: off}}]\n", CALL("a", "at: +3d, every: 7d, until: +30d"),
         "invoice_escalation.yaml:1:44: there is no step 'a_3' to override"},
        {"overrides: [{when: {payer: [Y-1]}, steps: {a: {at: +3bd}}}]\n", CALL("a", "at: +3d, every: 7d, until: +30d"),
         "invoice_escalation.yaml:1:47: 'a' repeats; to count other days say also `every` and `until`"},
        {"forget_after: 30\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:15: a number of days like 30d"},
        {"forget_after: 5bd\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:15: a number of days like 30d"},
        {"forget_after: 0d\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:15: a number of days like 30d"},
        {"forget_after: [1d]\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:15: a number of days like 30d"},
        {"settings: {low_scor: 5}\n", CALL("a", "at: +3d"),
         "invoice_escalation.yaml:1:12: unknown key 'low_scor'; did you mean 'low_score'"},
        {"settings: {low_score: few}\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:23: 'few': a whole number"},
        {"settings: {low_score: -1}\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:23: '-1': a whole number"},
        {"settings: {words: [a]}\n", CALL("a", "at: +3d"), "invoice_escalation.yaml:1:19: "},
        {"overrides: [{when: {payer: Y-1}, steps: {a: off}}]\n", CALL("a", "at: +3d"),
         "invoice_escalation.yaml:1:20: {facility_type: [...]} or {payer: [...]} is expected"},
        {"overrides: [{when: {payer: [Y-1], facility_type: [iop]}, steps: {a: off}}]\n", CALL("a", "at: +3d"),
         "invoice_escalation.yaml:1:20: {facility_type: [...]} or {payer: [...]} is expected"},
        {"overrides: [{when: {payer: [Y-1]}, steps: {b: off}}]\n", CALL("a", "at: +3d"),
         "invoice_escalation.yaml:1:44: there is no step 'b' to override"},
        {"overrides: [{when: {payor: [Y-1]}, steps: {a: off}}]\n", CALL("a", "at: +3d"),
         "invoice_escalation.yaml:1:21: unknown key 'payor'; did you mean 'payer'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *text = g_strconcat(table[i].head, HEAD, table[i].steps, NULL);
        g_autofree char *all = room_told(text, NULL);
        expect_line(all, table[i].line);
    }
}

static void repeats_tracks_settings_and_payers(void **state)
{
    (void)state;
    struct schedule *s = NULL;
    g_autofree char *all = room_told("forget_after: 30d\nsettings: {low_score: 4}\n"
                                     "overrides: [{when: {payer: [Y-1, Y-2]}, steps: {b: off}}, {when: {payer: [Y-4]}, "
                                     "steps: {a: {at: +30d}}}, {when: {payer: [Y-5]}, steps: {a: {every: 7d, until: "
                                     "+28d}}}]\n" HEAD CALL("a", "at: +21d, every: 14d, until: +63d")
                                         CALL("b", "at: +1d, track: side, every: 2d, until: +4d"),
                                     &s);
    assert_string_equal(all, "");
    assert_int_equal(schedule_step(s, "", "a_4")->at.count, 63);
    assert_null(schedule_step(s, "", "a_5"));
    assert_string_equal(schedule_step(s, "", "a_3")->series, "a");
    assert_string_equal(schedule_step(s, "", "a_3")->at_text, "+49d");
    assert_string_equal(schedule_track(s, schedule_step(s, "", "b_2")), "side");
    assert_int_equal(schedule_step(s, "", "b_2")->ordinal / TRACK_SIZE, 1);
    assert_int_equal(s->forget_after_d, 30);
    assert_string_equal(s->settings, "{\"low_score\":4,\"words\":\"unsafe, hurt\",\"tracks\":[\"main\",\"side\"]}");
    assert_null(schedule_step(s, "Y-2", "b"));
    assert_null(schedule_step(s, "Y-2", "b_2")); /* a step that is off takes its repetitions with it */
    assert_non_null(schedule_step(s, "Y-3", "b_2"));
    assert_string_equal(schedule_step(s, "Y-4", "a_4")->at_text, "+72d"); /* the repetitions move with the first */
    assert_string_equal(schedule_step(s, "Y-5", "a_2")->at_text, "+28d");
    assert_null(schedule_step(s, "Y-5", "a_3"));
    schedule_free(s);
}

/* An edit of the ladder leaves the ordinals of the steps beside it, which the ledger holds, as they are. */
static void ordinals_survive_an_edit(void **state)
{
    (void)state;
    struct schedule *before = NULL, *after = NULL;
    g_autofree char *first =
        room_told(HEAD CALL("a", "at: +1d, every: 7d, until: +30d") CALL("b", "at: +31d") CALL("c", "at: +31d"),
                  &before);
    g_autofree char *second = room_told(HEAD CALL("a", "at: +1d, every: 7d, until: +8d") CALL("new", "at: +10bd")
                                            CALL("b", "at: +31d") CALL("c", "at: +31d"),
                                        &after);
    assert_string_equal(first, "");
    assert_string_equal(second, "");
    static const char *const same[] = {"a", "a_2", "b", "c"};
    for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
        assert_int_equal(schedule_step(before, "", same[i])->ordinal, schedule_step(after, "", same[i])->ordinal);
    assert_true(schedule_step(before, "", "a_5")->ordinal < schedule_step(after, "", "b")->ordinal);
    assert_true(schedule_step(after, "", "b")->ordinal <
                schedule_step(after, "", "c")->ordinal); /* the same day, in order */
    schedule_free(before);
    schedule_free(after);
}

static void where_bounces_come_in(void **state)
{
    (void)state;
    static const struct {
        const char *text, *folder;
    } table[] = {{"mail: {maildir: mail}\n", "/state/bounces"},
                 {"mail: {bounces: back/mail}\n", "/state/back/mail"},
                 {"mail: {bounces: /var/mail/back}\n", "/var/mail/back"}};
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path = put("ticklerd.yaml", table[i].text);
        struct problems *problems = problems_new();
        struct settings *settings = settings_load(path, "/state", problems);
        assert_non_null(settings);
        assert_string_equal(settings->bounces, table[i].folder);
        settings_free(settings);
        problems_free(problems);
    }
    g_autofree char *list = settings_told("mail: {bounces: [a]}\n"), *typo = settings_told("mail: {bounce: a}\n");
    expect_line(list, "ticklerd.yaml:1:17: ");
    expect_line(typo, "ticklerd.yaml:1:8: unknown key 'bounce'; did you mean 'bounces'?");
}

static void secrets_of_our_own_only(void **state)
{
    (void)state;
    g_autofree char *path = put("secret", "hunter2\n"), *source = g_strconcat("file:", path, NULL);
    assert_int_equal(g_chmod(path, 0640), 0);
    g_autoptr(GError) error = NULL;
    assert_null(secret_read(source, &error));
    assert_non_null(strstr(error->message, "others can read it"));
    assert_int_equal(g_chmod(path, 0600), 0);
    char *secret = secret_read(source, NULL);
    assert_string_equal(secret, "hunter2");
    secret_free(secret);
}

/* Errors by YAML 1.2 that libyaml 0.2.5 itself takes (commas and comments mostly); all others must be refused. */
static const char *const libyaml_takes[] = {"9C9N", "9JBA", "CVW2",     "DK95/01", "MUS6/00", "S98Z",
                                            "SU5Z", "X4QW", "Y79Y/003", "YJV2",    NULL};

static void suite_case(const char *root, const char *line, int *wrong)
{
    g_auto(GStrv) cells = g_strsplit(line, ",", 2);
    g_auto(GStrv) ends = g_strsplit(cells[1] ? cells[1] : "", ",", -1);
    guint n = g_strv_length(ends);
    if (n < 3)
        return;
    g_autofree char *path = g_build_filename(root, "cases", cells[0], "in.yaml", NULL);
    g_autofree char *bytes = NULL;
    gsize length;
    assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    struct problems *problems = problems_new();
    struct yaml *tree = yaml_read("in.yaml", bytes, length, problems);
    assert_int_equal(tree == NULL, problems_count(problems) > 0);
    if (strcmp(ends[n - 3], "1") == 0) {
        gboolean known = g_strv_contains(libyaml_takes, cells[0]);
        if (known == (tree == NULL))
            print_message("%s: %s\n", cells[0],
                          tree ? "accepted although an error" : "refused now: take it off the list");
        *wrong += known == (tree == NULL);
    }
    yaml_tree_free(tree);
    problems_free(problems);
}

static void yaml_suite(void **state)
{
    (void)state;
    const char *shared = g_getenv("TICKLER_SHARED") ? g_getenv("TICKLER_SHARED") : SOURCE_DIR "/../shared";
    g_autofree char *root = g_build_filename(shared, "data", "yaml-test-suite", NULL);
    g_autofree char *index = g_build_filename(root, "index.csv", NULL), *text = NULL;
    if (!g_file_get_contents(index, &text, NULL, NULL)) {
        print_message("skipped: no ../shared\n");
        g_clear_pointer(&root, g_free); /* skip() jumps away: nothing is freed by itself */
        g_clear_pointer(&index, g_free);
        skip();
    }
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    int wrong = 0;
    assert_true(g_strv_length(lines) > 280);
    for (char **line = lines + 1; *line; line++)
        suite_case(root, *line, &wrong);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    folder = g_dir_make_tmp("tickler-config-XXXXXX", NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_files_load),
        cmocka_unit_test(kb_33_ladder_by_facility_type),
        cmocka_unit_test(oc_07_step_ids_are_unique),
        cmocka_unit_test(oc_22_bad_distances_are_refused),
        cmocka_unit_test(all_errors_of_a_schedule_in_one_run),
        cmocka_unit_test(settings_refuse),
        cmocka_unit_test(schedule_keys_refuse),
        cmocka_unit_test(repeats_tracks_settings_and_payers),
        cmocka_unit_test(ordinals_survive_an_edit),
        cmocka_unit_test(where_bounces_come_in),
        cmocka_unit_test(secrets_of_our_own_only),
        cmocka_unit_test(yaml_suite),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    config_remove(folder);
    g_free(folder);
    return failed;
}
