/*
 * What the license room decides, without a server: each step of the shipped ladders at its boundary days, over a
 * weekend, a holiday, a leap day and the changes of the clock; and what comes of a therapist's licenses. The rows that
 * a query would give are made here.
 */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* a table names only what matters to a row */

#include "license_renewal/decide.c"

#include "scene.h"

static struct schedule *schedule;
static const struct room room = {.name = "license_renewal", .decide = license_decide};

/* --- when: the newest step that an anchor has reached */

static void each_step_comes_on_its_day(void **state)
{
    (void)state;
    static const struct {
        const char *track, *anchor, *today, *step;
    } table[] = {
        /* Expiry on Thursday, September 30, 2027. */
        {"ce", "2027-09-30", "2027-06-01", ""}, /* -120 is Wednesday, June 2 */
        {"ce", "2027-09-30", "2027-06-02", "ce_standing"},
        {"ce", "2027-09-30", "2027-09-30", "ce_standing"},
        {"ce", "2027-09-30", "2027-10-01", ""}, /* its date has passed */
        {"main", "2027-09-30", "2027-07-01", ""},
        {"main", "2027-09-30", "2027-07-02", "reminder_90"},
        {"main", "2027-09-30", "2027-07-31", "reminder_90"},
        {"main", "2027-09-30", "2027-08-01", "reminder_90"}, /* -60 is a Sunday */
        {"main", "2027-09-30", "2027-08-02", "reminder_60"},
        {"main", "2027-09-30", "2027-08-15", "reminder_60"}, /* -45 is Monday, August 16 */
        {"main", "2027-09-30", "2027-08-16", "recruiter_45"},
        {"main", "2027-09-30", "2027-08-30", "recruiter_45"},
        {"main", "2027-09-30", "2027-08-31", "check_30"},
        {"main", "2027-09-30", "2027-09-15", "check_30"},
        {"main", "2027-09-30", "2027-09-16", "call_14"},
        {"main", "2027-09-30", "2027-09-22", "call_14"},
        {"main", "2027-09-30", "2027-09-23", "leadership_7"},
        {"main", "2027-09-30", "2027-09-30", "leadership_7"},
        {"main", "2027-09-30", "2027-10-01", ""},
        {"final", "2027-09-30", "2027-09-15", ""},
        {"final", "2027-09-30", "2027-09-16", "final_14"},
        {"expired", "2027-09-30", "2027-09-29", ""},
        {"expired", "2027-09-30", "2027-09-30", "off_schedule"},
        {"expired", "2027-09-30", "2027-10-06", "off_schedule"},
        {"expired", "2027-09-30", "2027-10-07", "off_schedule_again"},
        {"expired", "2027-09-30", "2027-11-05", "off_schedule_again"},
        {"expired", "2027-09-30", "2027-11-08", ""}, /* over 30 days late: forgotten */
        {"expired_lead", "2027-09-30", "2027-09-30", "leadership_0"},
        {"expired_lead", "2027-09-30", "2027-10-07", "leadership_again"},
        /* Filed on March 1, 2027. */
        {"watch", "2027-03-01", "2027-03-12", ""},
        {"watch", "2027-03-01", "2027-03-15", "ask_board"}, /* the Monday after the clock went forward */
        {"watch", "2027-03-01", "2027-03-29", "ask_board_2"},
        {"watch_expiry", "2027-09-30", "2027-09-22", ""},
        {"watch_expiry", "2027-09-30", "2027-09-23", "pending_7"},
        {"watch_expiry", "2027-09-30", "2027-09-30", "pending_expired"},
        {"watch_lead", "2027-09-30", "2027-09-30", "pending_leadership"},
        {"renewed", "2027-03-01", "2027-03-05", ""},
        {"renewed", "2027-03-01", "2027-03-08", "new_expiry"},
        {"renewed", "2027-03-01", "2027-03-22", "new_expiry_2"},
        {"rules", "2027-03-01", "2027-03-01", "rule"},
        /* Holidays: -30 of August 5 is July 6; -30 of August 4 is Monday, July 5, when the Fourth is kept. */
        {"main", "2027-08-04", "2027-07-05", "recruiter_45"},
        {"main", "2027-08-04", "2027-07-06", "check_30"},
        {"main", "2027-08-05", "2027-07-06", "check_30"},
        /* Expired on a Saturday before a holiday Monday: Tuesday. */
        {"expired", "2027-05-29", "2027-05-31", ""},
        {"expired", "2027-05-29", "2027-06-01", "off_schedule"},
        /* Leap day: an expiry on February 29, 2028, a Tuesday, and steps that count across it. */
        {"main", "2028-02-29", "2028-02-14", "check_30"},
        {"main", "2028-02-29", "2028-02-15", "call_14"},
        {"main", "2028-02-29", "2028-02-22", "leadership_7"},
        {"expired", "2028-02-29", "2028-02-28", ""},
        {"expired", "2028-02-29", "2028-02-29", "off_schedule"},
        {"expired", "2028-02-29", "2028-03-06", "off_schedule"},
        {"expired", "2028-02-29", "2028-03-07", "off_schedule_again"},
        {"main", "2028-03-14", "2028-02-28", "check_30"}, /* -14 is the leap day itself */
        {"main", "2028-03-14", "2028-02-29", "call_14"},
        /* Clock changes: March 14, 2027 and November 7, 2027; days are days. */
        {"main", "2027-03-29", "2027-03-12", "check_30"},
        {"main", "2027-03-29", "2027-03-15", "call_14"},
        {"main", "2027-11-22", "2027-11-05", "check_30"},
        {"main", "2027-11-22", "2027-11-08", "call_14"},
        {"expired", "2027-11-07", "2027-11-08", "off_schedule"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *step = scene_standing(schedule, "", table[i].track, table[i].anchor, table[i].today);
        if (strcmp(step, table[i].step) != 0)
            fail_msg("%s of %s on %s: '%s', expected '%s'", table[i].track, table[i].anchor, table[i].today, step,
                     table[i].step);
    }
}

/* --- what: steps of one day and what comes of them */

struct stand {
    const char *license, *step;
    const char *status; /* NULL: active */
    const char *falls_with, *gone, *held, *priority, *anchor, *ce_date;
    gboolean ce_complete, fired;
};

static char *story_of(const struct stand *stands)
{
    struct scene *scene = scene_new(schedule, "2027-03-03");
    for (const struct stand *s = stands; s->license; s++) {
        const char *status = s->status ? s->status : "active";
        struct job *job =
            scene_job(scene, "", "therapist:T", s->license, "2027-04-02", s->step, "status", status, "status_said",
                      status, "falls_with", s->falls_with, "gone", s->gone, "held", s->held, "priority", s->priority,
                      "ce_short", s->ce_complete ? "f" : "t", "why", "expires soon", "common", "{}", "item", "{}",
                      "anchor", s->anchor, "ce_date", s->ce_date, NULL);
        job->fired = s->fired;
    }
    char *story = scene_story(scene, &room);
    scene_free(scene);
    return story;
}

static void what_comes_of_a_day(void **state)
{
    (void)state;
    static const struct {
        struct stand stands[4];
        const char *story;
    } table[] = {
        {{{"A", "reminder_90"}}, "letter renewal to therapist: A | A done"},
        {{{"A", "reminder_60"}, {"B", "reminder_90"}, {"C", "ce_standing"}},
         "letter renewal to therapist: A B C | A done, B done, C done"},
        {{{"A", "recruiter_45"}},
         "letter renewal to therapist: A | task recruiter_45 to recruiter, normal: A | A done"},
        {{{"A", "check_30"}, {"B", "reminder_60"}},
         "letter renewal to therapist: A B | task check_30 to va, normal: A | A done, B done"},
        {{{"A", "call_14"}}, "task call_14 to va, high: A | A done"},
        {{{"A", "leadership_7"}}, "task leadership_7 to leadership, high: A | A done"},
        /* Each license once in the letter. */
        {{{"A", "ce_standing"}, {"A", "reminder_60"}}, "letter renewal to therapist: A | A superseded, A done"},
        {{{"A", "reminder_90"}, {"A", "final_14"}},
         "letter renewal to therapist: A | task final_14 to va, high: A | A superseded, A done"},
        /* A later step of the ladder goes instead. */
        {{{"A", "reminder_90"}, {"A", "call_14"}}, "task call_14 to va, high: A | A superseded, A done"},
        /* Expired: as urgent as its placements make it. */
        {{{"A", "off_schedule", .priority = "urgent"}, {"A", "leadership_0", .priority = "urgent"}},
         "task off_schedule to va, urgent: A | task leadership_0 to leadership, urgent: A | A done, A done"},
        {{{"A", "off_schedule", .priority = "high"}}, "task off_schedule to va, high: A | A done"},
        {{{"A", "off_schedule_again", "lapsed", .priority = "urgent"}},
         "task off_schedule_again to va, urgent: A | A done"},
        {{{"A", "ask_board", "renewal_submitted", .priority = "urgent"}}, "task ask_board to va, normal: A | A done"},
        {{{"A", "pending_expired", "renewal_submitted", .priority = "urgent"}},
         "task pending_expired to va, urgent: A | A done"},
        {{{"A", "ask_board", "renewal_submitted"}, {"A", "pending_expired", "renewal_submitted", .priority = "urgent"}},
         "task pending_expired to va, urgent: A | A superseded, A done"},
        {{{"A", "ask_board", "renewal_submitted"}, {"B", "pending_expired", "renewal_submitted", .priority = "high"}},
         "task ask_board to va, normal: A | task pending_expired to va, high: B | A done, B done"},
        {{{"A", "pending_leadership", "renewal_submitted", .priority = "urgent"}},
         "task pending_leadership to leadership, urgent: A | A done"},
        {{{"A", "pending_leadership", "renewal_submitted", .priority = "high"}}, "A moot"},
        {{{"A", "new_expiry", "renewed"}}, "task new_expiry to va, normal: A | A done"},
        {{{"rule", "rule", .ce_complete = TRUE}}, "task rule to va_lead, low: rule | rule done"},
        /* Overtaken by the record. */
        {{{"A", "reminder_60", "renewal_submitted"}}, "A moot"},
        {{{"A", "call_14", "renewed"}}, "A moot"},
        {{{"A", "off_schedule", "renewal_submitted"}}, "A moot"},
        {{{"A", "reminder_60", .gone = "the license now runs to 2029-04-02"}}, "A moot"},
        {{{"A", "ce_standing", .ce_complete = TRUE}}, "A moot"},
        {{{"A", "reminder_60", .ce_complete = TRUE}}, "letter renewal to therapist: A | A done"},
        {{{"A", "ask_board", "renewed"}}, "A moot"},
        {{{"A", "pending_7", "active"}}, "A moot"},
        {{{"A", "new_expiry", "active"}}, "A moot"},
        /* Its date is a later one since the plan. Today is March 3: -60 of May 2. */
        {{{"A", "reminder_60", .anchor = "2027-05-02"}}, "letter renewal to therapist: A | A done"},
        {{{"A", "reminder_60", .anchor = "2027-05-03"}}, "A moot"},
        {{{"A", "call_14", .anchor = "2027-09-30"}}, "A moot"},
        {{{"A", "ce_standing", .ce_date = "2027-07-01", .anchor = "2027-07-01"}},
         "letter renewal to therapist: A | A done"},
        {{{"A", "ce_standing", .ce_date = "2027-07-02", .anchor = "2027-05-01"}}, "A moot"},
        {{{"A", "final_14", .anchor = "2027-09-30"}},
         "letter renewal to therapist: A | task final_14 to va, high: A | A done"},
        /* A dependent has no letter of its own when its parent's speaks for both. */
        {{{"A", "reminder_60"}, {"B", "reminder_60", .falls_with = "it falls with license:A"}},
         "letter renewal to therapist: A | A done, B moot"},
        {{{"B", "off_schedule", .falls_with = "it falls with license:A", .priority = "urgent"}}, "B moot"},
        /* Held, and taken before. */
        {{{"A", "reminder_60", .held = "pause: on leave"}, {"B", "reminder_60"}},
         "letter renewal to therapist: B | A held, B done"},
        {{{"A", "reminder_60", .fired = TRUE}}, "A moot"},
        {{{"A", "no_such_step"}}, "A moot"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *story = story_of(table[i].stands);
        if (strcmp(story, table[i].story) != 0)
            fail_msg("row %d: '%s', expected '%s'", (int)i, story, table[i].story);
    }
}

int main(void)
{
    schedule = scene_schedule("license_renewal");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_comes_on_its_day),
        cmocka_unit_test(what_comes_of_a_day),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    schedule_free(schedule);
    return failed;
}
