/*
 * What payer_followup decides, without a server: the shipped ladders at their boundary days, and what comes of a
 * payer's jobs with and without an address.
 */
#include "payer_followup/decide.c"

#include "scene.h"

static struct schedule *schedule;
static const struct room room = {.name = "payer_followup", .decide = payer_decide};

/* On which step of a track an anchor stands on a day. 2027: federal days off on January 1 and 18, February 15, May 31,
 * June 18, July 5, September 6. */
static const struct {
    const char *what, *track, *anchor, *today, *step;
} stands[] = {
    {"the day of submission", "followup", "2027-01-04", "2027-01-04", ""},
    {"six days", "followup", "2027-01-04", "2027-01-10", ""},
    {"seven days", "followup", "2027-01-04", "2027-01-11", "receipt_check"},
    {"twenty days", "followup", "2027-01-04", "2027-01-24", "receipt_check"},
    {"three weeks", "followup", "2027-01-04", "2027-01-25", "follow_up"},
    {"day 34", "followup", "2027-01-04", "2027-02-07", "follow_up"},
    {"day 35", "followup", "2027-01-04", "2027-02-08", "follow_up_2"},
    {"day 49", "followup", "2027-01-04", "2027-02-22", "follow_up_3"},
    {"day 63", "followup", "2027-01-04", "2027-03-08", "follow_up_4"},
    {"day 77, the last of the fortnights", "followup", "2027-01-04", "2027-03-22", "follow_up_5"},
    {"day 90", "followup", "2027-01-04", "2027-04-04", "follow_up_5"},
    {"day 91: every week from here", "followup", "2027-01-04", "2027-04-05", "weekly"},
    {"day 97", "followup", "2027-01-04", "2027-04-11", "weekly"},
    {"day 98", "followup", "2027-01-04", "2027-04-12", "weekly_2"},
    {"the last week of two years", "followup", "2027-01-04", "2028-12-18", "weekly_90"},
    {"five weeks on", "followup", "2027-01-04", "2029-01-22", "weekly_90"},
    {"then it is a case for the overdue alone", "followup", "2027-01-04", "2029-01-23", ""},
    {"a Saturday's step on Friday", "followup", "2027-01-09", "2027-01-15", ""},
    {"rolled over Martin Luther King Day", "followup", "2027-01-09", "2027-01-18", ""},
    {"to Tuesday", "followup", "2027-01-09", "2027-01-19", "receipt_check"},
    {"to a Monday on which the clocks have changed", "followup", "2027-03-07", "2027-03-14", ""},
    {"that Monday", "followup", "2027-03-07", "2027-03-15", "receipt_check"},
    {"the autumn change", "followup", "2027-10-31", "2027-11-08", "receipt_check"},
    {"over the leap day", "followup", "2028-02-22", "2028-02-28", ""},
    {"on the leap day", "followup", "2028-02-22", "2028-02-29", "receipt_check"},
    {"submitted on the leap day", "followup", "2028-02-29", "2028-03-07", "receipt_check"},

    {"the day before the agreed one", "agreed", "2027-03-10", "2027-03-09", ""},
    {"the agreed day", "agreed", "2027-03-10", "2027-03-10", "agreed"},
    {"an agreed Saturday", "agreed", "2027-03-13", "2027-03-13", ""},
    {"is Monday", "agreed", "2027-03-13", "2027-03-15", "agreed"},
    {"five weeks later", "agreed", "2027-03-10", "2027-04-14", "agreed"},
    {"long forgotten", "agreed", "2027-03-10", "2027-04-15", ""},

    {"day 119", "escalation", "2027-01-04", "2027-05-03", ""},
    {"day 120: the lead", "escalation", "2027-01-04", "2027-05-04", "lead"},
    {"day 149", "escalation", "2027-01-04", "2027-06-02", "lead"},
    {"day 150: leadership", "escalation", "2027-01-04", "2027-06-03", "leadership"},
    {"day 180 is a Saturday", "escalation", "2027-01-04", "2027-07-03", "leadership"},
    {"Monday is a day off", "escalation", "2027-01-04", "2027-07-05", "leadership"},
    {"overdue", "escalation", "2027-01-04", "2027-07-06", "overdue"},
    {"a month later again", "escalation", "2027-01-04", "2027-08-02", "overdue_2"},
    {"three years", "escalation", "2027-01-04", "2029-12-19", "overdue_31"},

    {"they ask", "info", "2027-02-01", "2027-02-01", "info"},
    {"they ask on a Sunday", "info", "2027-01-31", "2027-01-31", ""},
    {"four days and a weekend before the window ends", "info_window", "2027-02-15", "2027-02-10", ""},
    {"four days before", "info_window", "2027-02-15", "2027-02-11", "info_closing"},
    {"its last day, a day off", "info_window", "2027-02-15", "2027-02-15", "info_closing"},
    {"passed", "info_window", "2027-02-15", "2027-02-16", "info_passed"},
    {"and a week more", "info_window", "2027-02-15", "2027-02-23", "info_passed_2"},
    {"nine weeks", "info_window", "2027-02-15", "2027-04-20", "info_passed_10"},

    {"a young draft", "draft", "2027-01-04", "2027-01-13", ""},
    {"ten days", "draft", "2027-01-04", "2027-01-14", "draft"},
    {"24 days", "draft", "2027-01-04", "2027-01-28", "draft_2"},

    {"denied", "denied", "2027-03-01", "2027-03-01", "denied"},
    {"denied long ago", "denied", "2027-03-01", "2027-04-06", ""},
    {"approved", "effective", "2027-02-10", "2027-02-10", "effective"},
    {"into billing", "loading", "2027-02-10", "2027-02-10", "loading"},
    {"29 days on", "directory", "2027-02-10", "2027-03-11", ""},
    {"30 days on", "directory", "2027-02-10", "2027-03-12", "directory"},
    {"approved before we came", "directory", "2026-02-10", "2027-03-12", ""},

    {"eight months ahead", "revalidation", "2027-12-31", "2027-06-03", ""},
    {"seven months ahead", "revalidation", "2027-12-31", "2027-06-04", "reval_posted"},
    {"-120", "revalidation", "2027-05-31", "2027-02-01", "reval_prepare"},
    {"-90", "revalidation", "2027-05-31", "2027-03-02", "reval_file"},
    {"-60", "revalidation", "2027-05-31", "2027-04-01", "reval_late"},
    {"-30, a Saturday", "revalidation", "2027-05-31", "2027-05-01", "reval_late"},
    {"-30", "revalidation", "2027-05-31", "2027-05-03", "reval_urgent"},
    {"-14", "revalidation", "2027-05-31", "2027-05-17", "reval_last"},
    {"the day itself", "revalidation", "2027-05-31", "2027-05-31", "reval_last"},
    {"passed", "revalidation", "2027-05-31", "2027-06-01", "reval_passed"},

    {"121 days before a start", "gap", "2027-09-01", "2027-05-03", ""},
    {"120 days before", "gap", "2027-09-01", "2027-05-04", "gap_ahead"},
    {"the eve of the start", "gap", "2027-09-01", "2027-08-31", "gap_ahead"},
    {"the start", "gap", "2027-09-01", "2027-09-01", "gap"},
    {"28 days", "gap", "2027-09-01", "2027-09-29", "gap_2"},
    {"a start of nine years ago", "gap", "2018-09-04", "2027-09-07", "gap_118"},

    {"a license far off", "license", "2027-12-31", "2027-07-02", ""},
    {"-180, a Sunday", "license", "2027-12-31", "2027-07-06", "license"},
    {"-30", "license", "2027-12-31", "2027-12-01", "license_soon"},
    {"its last day", "license", "2027-12-31", "2027-12-31", "license_soon"},
    {"after New Year", "license", "2027-12-31", "2028-01-03", "license_out"},
    {"CAQH -31", "attestation", "2027-04-01", "2027-03-01", ""},
    {"CAQH -30", "attestation", "2027-04-01", "2027-03-02", "attestation"},
    {"CAQH -10", "attestation", "2027-04-01", "2027-03-22", "attestation_soon"},
    {"CAQH +1", "attestation", "2027-04-01", "2027-04-02", "attestation_out"},
    {"insurance -180", "insurance", "2027-12-31", "2027-07-06", "insurance"},
    {"insurance -45", "insurance", "2027-12-31", "2027-11-16", "insurance_letter"},
    {"insurance -14", "insurance", "2027-12-31", "2027-12-17", "insurance_soon"},
    {"insurance +1", "insurance", "2027-12-31", "2028-01-03", "insurance_out"},
};

static void test_ladders(void **state UNUSED)
{
    int wrong = 0;
    for (gsize i = 0; i < ARRAY_LEN(stands); i++) {
        const char *step = scene_standing(schedule, "", stands[i].track, stands[i].anchor, stands[i].today);
        if (strcmp(step, stands[i].step) != 0) {
            print_error("%s, %s: %s instead of %s\n", stands[i].track, stands[i].what, step, stands[i].step);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* --- decide */

#define ITEM "{\"name\": \"Maria Lopez\"}"

static struct job *application(struct scene *scene, const char *id, const char *step, const char *cycle,
                               const char *reachable, const char *gone, const char *held)
{
    return scene_job(scene, "", "payer:P-1", id, cycle, step, "common", "{\"payer\": {\"name\": \"Aetna\"}}", "item",
                     ITEM, "why", "it is time", "reachable", reachable, "gone", gone, "held", held, NULL);
}

struct told {
    const char *what, *step[3], *reachable, *gone, *held, *story;
};

static const struct told stories[] = {
    {"a letter where it can arrive",
     {"receipt_check"},
     "t",
     NULL,
     NULL,
     "letter status to payer: application:1 | application:1 done"},
    {"a call where it cannot",
     {"receipt_check"},
     "f",
     NULL,
     NULL,
     "task receipt_check to va, normal: application:1 | application:1 done"},
    {"one letter for all files",
     {"receipt_check", "follow_up_3", "weekly_9"},
     "t",
     NULL,
     NULL,
     "letter status to payer: application:3 application:2 application:1 | application:1 done, application:2 done, "
     "application:3 done"},
    {"a call for each file, since each has an outcome",
     {"receipt_check", "follow_up_3"},
     "f",
     NULL,
     NULL,
     "task receipt_check to va, normal: application:1 | task follow_up_3 to va, normal: application:2 | application:1 "
     "done, "
     "application:2 done"},
    {"the agreed day goes with the others",
     {"agreed", "follow_up"},
     "t",
     NULL,
     NULL,
     "letter status to payer: application:2 application:1 | application:1 done, application:2 done"},
    {"what they ask for is a task, address or not",
     {"info"},
     "t",
     NULL,
     NULL,
     "task info to va, urgent: application:1 | application:1 done"},
    {"escalation beside the letter",
     {"weekly_5", "lead"},
     "t",
     NULL,
     NULL,
     "letter status to payer: application:1 | task lead to va_lead, high: application:2 | application:1 done, "
     "application:2 "
     "done"},
    {"150 days",
     {"leadership"},
     "t",
     NULL,
     NULL,
     "task leadership to leadership, high: application:1 | application:1 done"},
    {"overdue",
     {"overdue_2"},
     "t",
     NULL,
     NULL,
     "task overdue_2 to leadership, urgent: application:1 | application:1 done"},
    {"after approval",
     {"effective", "loading", "directory"},
     "t",
     NULL,
     NULL,
     "task effective to va, high: application:1 | task loading to va, high: application:2 | task directory to va, low: "
     "application:3 | application:1 done, application:2 done, application:3 done"},
    {"denied", {"denied"}, "f", NULL, NULL, "task denied to va_lead, high: application:1 | application:1 done"},
    {"decided meanwhile", {"weekly"}, "t", "approved on March 3, 2027", NULL, "application:1 moot"},
    {"held", {"weekly"}, "t", NULL, "pause: they asked for time", "application:1 held"},
    {"a step that the ladder lost", {"nonsense"}, "t", NULL, NULL, "application:1 moot"},
};

static void test_stories(void **state UNUSED)
{
    for (gsize i = 0; i < ARRAY_LEN(stories); i++) {
        const struct told *told = &stories[i];
        static const char *const ids[] = {"application:1", "application:2", "application:3"};
        struct scene *scene = scene_new(schedule, "2027-03-08");
        for (gsize k = 0; k < ARRAY_LEN(told->step) && told->step[k]; k++)
            (void)application(scene, ids[k], told->step[k], "2027-01-04", told->reachable, told->gone, told->held);
        g_autofree char *story = scene_story(scene, &room);
        if (strcmp(story, told->story) != 0)
            print_error("%s\n", told->what);
        assert_string_equal(story, told->story);
        scene_free(scene);
    }
}

static void test_a_later_step_of_a_file_supersedes_only_its_own_track(void **state UNUSED)
{
    struct scene *scene = scene_new(schedule, "2027-05-04");
    (void)application(scene, "application:1", "follow_up_5", "2027-01-04", "t", NULL, NULL);
    (void)application(scene, "application:1", "weekly_5", "2027-01-04", "t", NULL, NULL);
    (void)application(scene, "application:1", "lead", "2027-01-04", "t", NULL, NULL);
    g_autofree char *story = scene_story(scene, &room);
    assert_string_equal(story, "letter status to payer: application:1 | task lead to va_lead, high: application:1 | "
                               "application:1 superseded, application:1 done, application:1 done");
    scene_free(scene);
}

/* The matter of the only task of a step. */
static char *matter(const char *party, const char *subject, const char *step)
{
    struct scene *scene = scene_new(schedule, "2027-03-08");
    (void)scene_job(scene, "", party, subject, "2027-01-04", step, "reachable", "f", NULL);
    g_autofree char *story = scene_story(scene, &room);
    assert_int_equal(scene->party->tasks->len, 1);
    char *found = g_strdup(((struct task_wish *)scene->party->tasks->pdata[0])->matter);
    scene_free(scene);
    return found;
}

static void test_one_matter_for_one_line_of_work(void **state UNUSED)
{
    static const struct {
        const char *party, *subject, *step, *matter;
    } matters[] = {
        {"payer:P", "application:1", "receipt_check", "followup application:1"},
        {"payer:P", "application:1", "weekly_7", "followup application:1"},
        {"payer:P", "application:1", "agreed", "followup application:1"},
        {"payer:P", "application:1", "lead", "escalation application:1 lead"},
        {"payer:P", "application:1", "overdue_3", "escalation application:1 overdue"},
        {"payer:P", "application:1", "info_passed_2", "info_window application:1"},
        {"payer:P", "application:1", "reval_late", "revalidation application:1"},
        {"payer:P", "placement:2", "gap_ahead", "gap placement:2 payer:P"},
        {"therapist:T", "license:3", "license_soon", "license license:3"},
        {"therapist:T", "therapist:T", "attestation", "attestation therapist:T"},
    };
    for (gsize i = 0; i < ARRAY_LEN(matters); i++) {
        g_autofree char *found = matter(matters[i].party, matters[i].subject, matters[i].step);
        assert_string_equal(found, matters[i].matter);
    }
}

static void test_papers_of_one_therapist_make_one_letter(void **state UNUSED)
{
    struct scene *scene = scene_new(schedule, "2027-03-08");
    static const char *const steps[] = {"attestation", "insurance_letter", "license"};
    for (gsize i = 0; i < ARRAY_LEN(steps); i++)
        (void)scene_job(scene, "", "therapist:T", i == 2 ? "license:3" : "therapist:T", "2027-04-01", steps[i],
                        "reachable", "t", NULL);
    g_autofree char *story = scene_story(scene, &room);
    assert_string_equal(story,
                        "letter papers to therapist: therapist:T therapist:T | task license to va, normal: license:3 | "
                        "therapist:T done, therapist:T done, license:3 done");
    scene_free(scene);
}

/* --- a payer of its own habits */

static struct schedule *with_override(const char *override, struct problems *problems)
{
    g_autofree char *text = NULL, *dir = g_dir_make_tmp("payer-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "payer_followup.yaml", NULL);
    assert_true(g_file_get_contents(SOURCE_DIR "/config/schedules/payer_followup.yaml", &text, NULL, NULL));
    char *at = strstr(text, "\noverrides: []");
    assert_non_null(at);
    *at = '\0';
    g_autofree char *whole =
        g_strconcat(text, "\noverrides:\n  - when: {payer: [P-1]}\n    steps: ", override, "\n", NULL);
    assert_true(g_file_set_contents(path, whole, -1, NULL));
    struct schedule *loaded = schedule_load(path, SOURCE_DIR "/config/templates/payer_followup", NULL, problems);
    (void)unlink(path);
    (void)rmdir(dir);
    return loaded;
}

static void test_a_payers_own_cadence(void **state UNUSED)
{
    struct problems *problems = problems_new();
    struct schedule *own =
        with_override("{receipt_check: {at: +14d}, follow_up: {at: +20d, every: 5d, until: +90d}}", problems);
    assert_non_null(own);
    assert_string_equal(scene_standing(own, "P-1", "followup", "2027-01-04", "2027-01-15"), "");
    assert_string_equal(scene_standing(own, "P-1", "followup", "2027-01-04", "2027-01-19"), "receipt_check");
    assert_string_equal(scene_standing(own, "P-1", "followup", "2027-01-04", "2027-01-25"), "follow_up");
    assert_string_equal(scene_standing(own, "P-1", "followup", "2027-01-04", "2027-01-29"), "follow_up_2");
    assert_string_equal(scene_standing(own, "P-1", "followup", "2027-01-04", "2027-03-30"), "follow_up_14");
    assert_string_equal(scene_standing(own, "P-1", "followup", "2027-01-04", "2027-04-05"), "weekly");
    assert_string_equal(scene_standing(own, "P-2", "followup", "2027-01-04", "2027-01-29"), "follow_up");
    /* More repetitions than the default has: what comes after them still stands above them. */
    for (int i = 1; i < (int)schedule_ladder(own, "P-1")->len; i++) {
        const struct step *before = schedule_ladder(own, "P-1")->pdata[i - 1],
                          *step = schedule_ladder(own, "P-1")->pdata[i];
        assert_true(step->ordinal > before->ordinal || step->ordinal / TRACK_SIZE != before->ordinal / TRACK_SIZE);
    }
    schedule_free(own);
    assert_null(with_override("{follow_up: {every: 5d}}", problems));
    assert_null(with_override("{follow_up: {until: +90d}}", problems));
    assert_null(with_override("{no_such_step: off}", problems));
    assert_int_equal(problems_count(problems), 3);
    problems_free(problems);
}

static int load(void **state UNUSED)
{
    schedule = scene_schedule("payer_followup");
    return 0;
}

static int unload(void **state UNUSED)
{
    schedule_free(schedule);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladders),
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_a_later_step_of_a_file_supersedes_only_its_own_track),
        cmocka_unit_test(test_one_matter_for_one_line_of_work),
        cmocka_unit_test(test_papers_of_one_therapist_make_one_letter),
        cmocka_unit_test(test_a_payers_own_cadence),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
