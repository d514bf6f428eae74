/*
 * What the check-in room decides, without a server: on which day each step of the shipped ladder comes, over weekends,
 * holidays, a leap day and a clock change; and what becomes of a party's jobs.
 */
#include "check_in/decide.c"

#include "scene.h"

#define FRIDAY   "2028-02-04"
#define SATURDAY "2028-02-05"

static struct schedule *schedule;
static const struct room room = {.name = "check_in",
                                 .decide = check_in_decide,
                                 .extra_steps = (const char *const[]){"moved", NULL}};

/* --- the ladder */

static const struct {
    const char *what, *track, *start, *today, *step;
} days[] = {
    /* January 5 + 30 is Friday, February 4; three and six business days later the 9th and the 14th. */
    {"the day before", "therapist_30", "2028-01-05", "2028-02-03", ""},
    {"day 30", "therapist_30", "2028-01-05", "2028-02-04", "therapist_30"},
    {"a weekend changes nothing", "therapist_30", "2028-01-05", "2028-02-06", "therapist_30"},
    {"two business days of silence", "therapist_30", "2028-01-05", "2028-02-08", "therapist_30"},
    {"three", "therapist_30", "2028-01-05", "2028-02-09", "therapist_30_again"},
    {"five", "therapist_30", "2028-01-05", "2028-02-11", "therapist_30_again"},
    {"six", "therapist_30", "2028-01-05", "2028-02-14", "therapist_30_call"},
    {"the call is 30 days late", "therapist_30", "2028-01-05", "2028-03-15", "therapist_30_call"},
    {"and then forgotten", "therapist_30", "2028-01-05", "2028-03-16", ""},
    {"the facility's day is the same", "facility_30", "2028-01-05", "2028-02-04", "facility_30"},
    {"its second try", "facility_30", "2028-01-05", "2028-02-09", "facility_30_again"},
    {"its call", "facility_30", "2028-01-05", "2028-02-14", "facility_30_call"},
    /* + 60 is Sunday, March 5. */
    {"day 60 is a Sunday", "therapist_60", "2028-01-05", "2028-03-05", ""},
    {"so the Monday", "therapist_60", "2028-01-05", "2028-03-06", "therapist_60"},
    {"second try of day 60", "therapist_60", "2028-01-05", "2028-03-09", "therapist_60_again"},
    {"call of day 60", "therapist_60", "2028-01-05", "2028-03-14", "therapist_60_call"},
    {"the facility's day 60", "facility_60", "2028-01-05", "2028-03-06", "facility_60"},
    {"the facility's second try", "facility_60", "2028-01-05", "2028-03-09", "facility_60_again"},
    {"the facility's call", "facility_60", "2028-01-05", "2028-03-14", "facility_60_call"},
    /* December 18 + 30 is January 17, Martin Luther King Day. */
    {"a holiday", "therapist_30", "2027-12-18", "2028-01-17", ""},
    {"the day after it", "therapist_30", "2027-12-18", "2028-01-18", "therapist_30"},
    /* November 22 + 30 is December 22; the second try crosses Christmas, kept on Friday the 24th. */
    {"before Christmas", "facility_30", "2027-11-22", "2027-12-22", "facility_30"},
    {"three business days are not over", "facility_30", "2027-11-22", "2027-12-27", "facility_30"},
    {"over Christmas", "facility_30", "2027-11-22", "2027-12-28", "facility_30_again"},
    /* New Year's Day of 2028 is a Saturday, kept on December 31. */
    {"over New Year", "facility_30", "2027-11-22", "2027-12-31", "facility_30_again"},
    {"the call in the new year", "facility_30", "2027-11-22", "2028-01-03", "facility_30_call"},
    /* January 30 + 30 is February 29 of a leap year, and March 1 of another. */
    {"not before the leap day", "therapist_30", "2028-01-30", "2028-02-28", ""},
    {"the leap day", "therapist_30", "2028-01-30", "2028-02-29", "therapist_30"},
    {"a start on a leap day", "therapist_30", "2028-02-29", "2028-03-30", "therapist_30"},
    {"no leap day: Monday, March 1", "therapist_30", "2027-01-30", "2027-03-01", "therapist_30"},
    /* February 11 + 30 is Sunday, March 12, 2028, when the clocks change; October 6 + 30 Sunday, November 5. */
    {"the day of the clock change", "facility_30", "2028-02-11", "2028-03-12", ""},
    {"the day after it", "facility_30", "2028-02-11", "2028-03-13", "facility_30"},
    {"before the clocks go back", "facility_30", "2028-10-06", "2028-11-05", ""},
    {"after the clocks went back", "facility_30", "2028-10-06", "2028-11-06", "facility_30"},
    /* An answer that worries, and two that differ, have no wait. */
    {"the day of the answer", "concern", "2028-02-04", "2028-02-04", "concern"},
    {"an old one is left alone", "concern", "2028-02-04", "2028-03-06", ""},
    {"two answers that differ", "differ", "2028-02-04", "2028-02-04", "differ_60"},
};

static void test_days(void **state UNUSED)
{
    for (gsize i = 0; i < ARRAY_LEN(days); i++) {
        const char *found = scene_standing(schedule, "iop", days[i].track, days[i].start, days[i].today);
        if (strcmp(found, days[i].step) != 0)
            fail_msg("%s: %s from %s on %s\n  expected '%s'\n  found    '%s'", days[i].what, days[i].track,
                     days[i].start, days[i].today, days[i].step, found);
    }
}

/* --- the decision */

#define T     "therapist:T-1"
#define F     "facility:F-1"
#define START "2028-01-05"

struct told {
    const char *what, *today;
    struct {
        const char *party, *subject, *step, *gone, *held, *response, *priority;
    } jobs[3];
    const char *story;
};

static const struct told table[] = {
    {"every step: ask the therapist",
     FRIDAY,
     {{T, "placement:A", "therapist_30", NULL, NULL, NULL, NULL}},
     "letter therapist to therapist: placement:A | placement:A done"},
    {"every step: ask again",
     FRIDAY,
     {{T, "placement:A", "therapist_60_again", NULL, NULL, NULL, NULL}},
     "letter therapist to therapist: placement:A | placement:A done"},
    {"every step: call the therapist",
     FRIDAY,
     {{T, "placement:A", "therapist_30_call", NULL, NULL, NULL, NULL}},
     "task therapist_30_call to va, normal: placement:A | placement:A done"},
    {"every step: ask the facility",
     FRIDAY,
     {{F, "placement:A", "facility_30", NULL, NULL, NULL, NULL}},
     "letter facility to clinical_director: placement:A | placement:A done"},
    {"every step: ask the facility again",
     FRIDAY,
     {{F, "placement:A", "facility_60_again", NULL, NULL, NULL, NULL}},
     "letter facility to clinical_director: placement:A | placement:A done"},
    {"every step: call the facility",
     FRIDAY,
     {{F, "placement:A", "facility_60_call", NULL, NULL, NULL, NULL}},
     "task facility_60_call to va, normal: placement:A | placement:A done"},
    {"two placements of one therapist, whatever the stage: one letter",
     FRIDAY,
     {{T, "placement:A", "therapist_30", NULL, NULL, NULL, NULL},
      {T, "placement:B", "therapist_60_again", NULL, NULL, NULL, NULL}},
     "letter therapist to therapist: placement:B placement:A | placement:A done, placement:B done"},
    {"three therapists of one facility: one letter, and a call for the fourth's silence",
     FRIDAY,
     {{F, "placement:A", "facility_30", NULL, NULL, NULL, NULL},
      {F, "placement:B", "facility_30_again", NULL, NULL, NULL, NULL},
      {F, "placement:C", "facility_30_call", NULL, NULL, NULL, NULL}},
     "letter facility to clinical_director: placement:A placement:B | task facility_30_call to va, normal: placement:C "
     "| placement:A done, placement:B done, placement:C done"},
    {"the later step of a ladder goes instead",
     FRIDAY,
     {{T, "placement:A", "therapist_30", NULL, NULL, NULL, NULL},
      {T, "placement:A", "therapist_30_again", NULL, NULL, NULL, NULL}},
     "letter therapist to therapist: placement:A | placement:A superseded, placement:A done"},
    {"answered, ended or moved meanwhile",
     FRIDAY,
     {{T, "placement:A", "therapist_30", "answered on February 3, 2028", NULL, NULL, NULL},
      {T, "placement:B", "therapist_30", NULL, NULL, NULL, NULL}},
     "letter therapist to therapist: placement:B | placement:A moot, placement:B done"},
    {"held by a person",
     FRIDAY,
     {{T, "placement:A", "therapist_30_call", NULL, "pause: quiet", NULL, NULL}},
     "placement:A held"},
    {"nobody is asked or called on a Saturday",
     SATURDAY,
     {{T, "placement:A", "therapist_30", NULL, NULL, NULL, NULL},
      {T, "placement:B", "therapist_30_call", NULL, NULL, NULL, NULL}},
     "placement:A later, placement:B later"},
    {"but what is moot is so on a Saturday too",
     SATURDAY,
     {{T, "placement:A", "therapist_30", "the placement is canceled", NULL, NULL, NULL}},
     "placement:A moot"},
    {"nor on Washington's Birthday",
     "2028-02-21",
     {{F, "placement:A", "facility_30", NULL, NULL, NULL, NULL}},
     "placement:A later"},
    {"a concern does not wait for Monday",
     SATURDAY,
     {{T, "placement:A", "concern", NULL, NULL, "R-1", "urgent"}},
     "task concern to recruiter, urgent: placement:A | placement:A done"},
    {"two worrying answers about one placement are two tasks",
     FRIDAY,
     {{T, "placement:A", "concern", NULL, NULL, "R-1", "high"},
      {T, "placement:A", "concern", NULL, NULL, "R-2", "urgent"}},
     "task concern to recruiter, high: placement:A | task concern to recruiter, urgent: placement:A | "
     "placement:A done, placement:A done"},
    {"answers that differ, beside a concern and a letter",
     FRIDAY,
     {{T, "placement:A", "differ_30", NULL, NULL, NULL, NULL},
      {T, "placement:A", "concern", NULL, NULL, "R-1", "high"},
      {T, "placement:B", "therapist_30", NULL, NULL, NULL, NULL}},
     "letter therapist to therapist: placement:B | task differ_30 to recruiter, normal: placement:A | "
     "task concern to recruiter, high: placement:A | placement:A done, placement:A done, placement:B done"},
    {"a start that was moved",
     SATURDAY,
     {{T, "placement:A", "moved", NULL, NULL, NULL, NULL}},
     "placement:A superseded"},
    {"the ladder lost the step",
     FRIDAY,
     {{T, "placement:A", "therapist_45", NULL, NULL, NULL, NULL}},
     "placement:A moot"},
};

static struct scene *scene_of(const struct told *told)
{
    struct scene *scene = scene_new(schedule, told->today);
    for (gsize i = 0; i < ARRAY_LEN(told->jobs) && told->jobs[i].party; i++)
        scene_job(scene, "iop", told->jobs[i].party, told->jobs[i].subject, START, told->jobs[i].step, "gone",
                  told->jobs[i].gone, "held", told->jobs[i].held, "response", told->jobs[i].response, "priority",
                  told->jobs[i].priority, "why", "No answer", "item",
                  strstr(told->jobs[i].step, "60") ? "{\"first\": false, \"second\": true}"
                                                   : "{\"first\": true, \"second\": false}",
                  NULL);
    return scene;
}

static void test_stories(void **state UNUSED)
{
    for (gsize i = 0; i < ARRAY_LEN(table); i++) {
        struct scene *scene = scene_of(&table[i]);
        g_autofree char *story = scene_story(scene, &room);
        if (strcmp(story, table[i].story) != 0)
            fail_msg("%s:\n  expected %s\n  found    %s", table[i].what, table[i].story, story);
        scene_free(scene);
    }
}

static const struct told *told_of(const char *what)
{
    for (gsize i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].what, what) == 0)
            return &table[i];
    fail_msg("no row '%s'", what);
    return NULL;
}

static void test_a_letter_knows_its_questions(void **state UNUSED)
{
    struct scene *scene = scene_of(told_of("every step: ask the therapist"));
    g_autofree char *story = scene_story(scene, &room);
    const struct js *data = ((struct letter_wish *)scene->party->letters->pdata[0])->data;
    assert_true(js_get_bool(data, "asks_first") && !js_get_bool(data, "asks_second") && js_get_bool(data, "one"));
    scene_free(scene);
    scene = scene_of(told_of("two placements of one therapist, whatever the stage: one letter"));
    g_autofree char *both = scene_story(scene, &room);
    data = ((struct letter_wish *)scene->party->letters->pdata[0])->data;
    assert_true(js_get_bool(data, "asks_first") && js_get_bool(data, "asks_second") && js_get_bool(data, "many"));
    scene_free(scene);
}

static void test_each_answer_is_a_matter(void **state UNUSED)
{
    struct scene *scene = scene_of(told_of("two worrying answers about one placement are two tasks"));
    g_autofree char *story = scene_story(scene, &room);
    assert_string_equal(((struct task_wish *)scene->party->tasks->pdata[0])->matter,
                        "concern placement:A response:R-1");
    assert_string_equal(((struct task_wish *)scene->party->tasks->pdata[1])->matter,
                        "concern placement:A response:R-2");
    assert_int_equal(((struct task_wish *)scene->party->tasks->pdata[0])->due_on, scene_day(FRIDAY));
    scene_free(scene);
}

static void test_a_day_off_waits_for_the_next_business_day(void **state UNUSED)
{
    struct scene *scene = scene_of(told_of("nor on Washington's Birthday"));
    g_autofree char *story = scene_story(scene, &room);
    const struct job *job = scene->party->jobs->pdata[0];
    assert_true(job->until == zone_at(schedule->zone, scene_day("2028-02-22"), 0));
    scene_free(scene);
}

static int load(void **state UNUSED)
{
    schedule = scene_schedule("check_in");
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
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_a_letter_knows_its_questions),
        cmocka_unit_test(test_each_answer_is_a_matter),
        cmocka_unit_test(test_a_day_off_waits_for_the_next_business_day),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
