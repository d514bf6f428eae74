/*
 * The onboarding packet without a server: on which day each step of the shipped ladders falls, over weekends, holidays,
 * a leap day and a clock change; and what becomes of a party's jobs.
 */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* a table names only what matters to a row */

#include "onboarding_packet/decide.c"

#include "scene.h"

static struct schedule *schedule;
static const struct room room = {.name = "onboarding_packet", .decide = packet_decide};

/* --- the ladders at their boundary days */

static void each_step_falls_on_its_day(void **state UNUSED)
{
    static const struct {
        const char *what, *track, *anchor, *today, *stands;
    } days[] = {
        {"before the offer is signed", "packet_therapist", "2027-02-02", "2027-02-01", ""},
        {"on signing", "packet_therapist", "2027-02-01", "2027-02-01", "packet_therapist"},
        {"on signing, the facility", "packet_facility", "2027-02-01", "2027-02-01", "packet_facility"},
        {"signed on a Saturday: not on Sunday", "packet_therapist", "2027-02-06", "2027-02-07", ""},
        {"signed on a Saturday: on Monday", "packet_therapist", "2027-02-06", "2027-02-08", "packet_therapist"},
        {"signed on a holiday", "packet_therapist", "2027-02-15", "2027-02-15", ""},
        {"signed on a holiday: the day after", "packet_therapist", "2027-02-15", "2027-02-16", "packet_therapist"},
        {"thirty days late", "packet_therapist", "2027-02-01", "2027-03-03", "packet_therapist"},
        {"later than forget_after", "packet_therapist", "2027-02-01", "2027-03-05", ""},
        {"our own items, on signing", "agency_items", "2027-02-01", "2027-02-01", "agency_items"},
        {"our own items, again", "agency_items", "2027-02-01", "2027-02-03", "agency_items_2"},
        {"no chase on the next day", "open_therapist", "2027-02-01", "2027-02-02", ""},
        {"the first chase", "open_therapist", "2027-02-01", "2027-02-03", "open_therapist"},
        {"between two chases", "open_therapist", "2027-02-01", "2027-02-04", "open_therapist"},
        {"the second chase", "open_therapist", "2027-02-01", "2027-02-05", "open_therapist_2"},
        {"the third, over a weekend", "open_facility", "2027-02-01", "2027-02-09", "open_facility_3"},
        {"the fourth, on Friday", "open_facility", "2027-02-02", "2027-02-12", "open_facility_4"},
        {"the fifth, over Presidents' Day", "open_facility", "2027-02-02", "2027-02-16", "open_facility_4"},
        {"the fifth, over Presidents' Day, on its day", "open_facility", "2027-02-02", "2027-02-17", "open_facility_5"},
        {"over a leap day", "open_therapist", "2028-02-28", "2028-02-29", ""},
        {"over a leap day, on its day", "open_therapist", "2028-02-28", "2028-03-01", "open_therapist"},
        {"over the spring change of clocks", "open_therapist", "2027-03-12", "2027-03-16", "open_therapist"},
        {"over the autumn change of clocks", "open_therapist", "2027-11-05", "2027-11-09", "open_therapist"},
        {"over Veterans Day", "open_therapist", "2027-11-10", "2027-11-12", ""},
        {"over Veterans Day, on its day", "open_therapist", "2027-11-10", "2027-11-15", "open_therapist"},
        {"over New Year's Day on a Saturday", "open_therapist", "2027-12-30", "2028-01-03", ""},
        {"over New Year's Day on a Saturday, on its day", "open_therapist", "2027-12-30", "2028-01-04",
         "open_therapist"},
        {"eleven business days before", "items", "2027-03-01", "2027-02-11", ""},
        {"ten business days before, over Presidents' Day", "items", "2027-03-01", "2027-02-12", "items_10"},
        {"six business days before", "items", "2027-03-01", "2027-02-19", "items_10"},
        {"five business days before", "items", "2027-03-01", "2027-02-22", "items_5"},
        {"three business days before", "items", "2027-03-01", "2027-02-24", "items_5"},
        {"two business days before", "items", "2027-03-01", "2027-02-25", "items_2"},
        {"the day itself is still a day", "items", "2027-03-01", "2027-03-01", "items_2"},
        {"after the start", "items", "2027-03-01", "2027-03-02", ""},
        {"two days before a start on a leap day", "items", "2028-02-29", "2028-02-25", "items_2"},
        {"two days before a start after a leap day", "items", "2028-03-01", "2028-02-28", "items_2"},
        {"five days before a start after New Year", "items", "2028-01-03", "2027-12-23", "items_5"},
        {"two days before the last note", "final_therapist", "2027-03-01", "2027-02-25", ""},
        {"the last note, on Friday", "final_therapist", "2027-03-01", "2027-02-26", "final_therapist"},
        {"the last note before a start on a Sunday", "final_facility", "2027-02-28", "2027-02-26", "final_facility"},
        {"the last note before a Monday after a holiday", "final_facility", "2027-02-16", "2027-02-12",
         "final_facility"},
        {"the last note over a change of clocks", "final_therapist", "2027-03-15", "2027-03-12", "final_therapist"},
        {"the day before the start day", "start_day", "2027-03-01", "2027-02-28", ""},
        {"the start day", "start_day", "2027-03-01", "2027-03-01", "start_day"},
        {"a start on a Saturday is told on Monday", "start_day", "2027-03-06", "2027-03-08", "start_day"},
        {"91 days before, the risk is not looked at", "at_risk", "2027-06-01", "2027-03-01", ""},
        {"from 90 days before", "at_risk", "2027-06-01", "2027-03-03", "at_risk"},
        {"a week later once more", "at_risk", "2027-06-01", "2027-03-10", "at_risk_2"},
        {"on the last day", "at_risk", "2027-03-02", "2027-03-01", "at_risk_13"},
        {"a start moved to next year", "moved_therapist", "2028-02-01", "2027-03-01", "moved_therapist"},
        {"a start that is past", "moved_facility", "2027-02-28", "2027-03-01", ""},
    };
    for (gsize i = 0; i < ARRAY_LEN(days); i++) {
        const char *found = scene_standing(schedule, "", days[i].track, days[i].anchor, days[i].today);
        if (strcmp(found, days[i].stands) != 0)
            fail_msg("%s: stands on '%s', not on '%s'", days[i].what, found, days[i].stands);
    }
}

/* --- decisions */

#define COMMON "{\"agency\": {\"name\": \"Elm\"}}"
#define PAPERS                                                                                                         \
    "[{\"id\": \"photo_id\", \"title\": \"Photo ID\", \"why\": \"Photo ID is open\", \"phone\": \"555-0101\"},"        \
    " {\"id\": \"badge\", \"title\": \"Badge\", \"why\": \"Badge is open\", \"phone\": \"555-0200\"}]"

struct row {
    const char *subject, *step;
    const char *gone, *held, *papers, *documents;
};

static struct scene *scene_of(const struct row *rows, const char *party)
{
    struct scene *scene = scene_new(schedule, "2027-02-12");
    for (; rows->subject; rows++)
        scene_job(scene, "", party, rows->subject, "2027-02-01", rows->step, "common", COMMON, "item",
                  "{\"facility_name\": \"Cedar House\"}", "gone", rows->gone, "held", rows->held, "papers",
                  rows->papers, "documents", rows->documents, "why", "because", NULL);
    return scene;
}

static void what_becomes_of_a_party(void **state UNUSED)
{
    static const struct {
        const char *party;
        struct row rows[4];
        const char *story;
    } cases[] = {
        {"therapist:T-1",
         {{"placement:P-1", "packet_therapist"}, {"placement:P-1", "agency_items"}},
         "letter therapist to therapist: placement:P-1 | task agency_items to va, normal: placement:P-1 | "
         "placement:P-1 done, "
         "placement:P-1 done"},
        {"facility:F-1",
         {{"placement:P-1", "packet_facility"},
          {"placement:P-2", "open_facility"},
          {"placement:P-3", "final_facility"}},
         "letter facility to hr clinical_director: placement:P-2 placement:P-1 placement:P-3 | placement:P-1 done, "
         "placement:P-2 done, placement:P-3 done"},
        {"facility:F-1",
         {{"placement:P-1", "open_facility_3"}, {"placement:P-1", "final_facility"}},
         "letter facility to hr clinical_director: placement:P-1 | placement:P-1 superseded, placement:P-1 done"},
        {"therapist:T-1",
         {{"placement:P-1", "moved_therapist"},
          {"placement:P-1", "open_therapist"},
          {"placement:P-2", "open_therapist"}},
         "letter therapist to therapist: placement:P-2 placement:P-1 | placement:P-1 done, placement:P-1 superseded, "
         "placement:P-2 done"},
        {"therapist:T-1", /* another letter that is gone does not silence what is open */
         {{"placement:P-1", "final_therapist", "the start moved from 2027-02-15 to 2027-03-01"},
          {"placement:P-1", "open_therapist"}},
         "letter therapist to therapist: placement:P-1 | placement:P-1 moot, placement:P-1 done"},
        {"therapist:T-1", {{"placement:P-1", "open_therapist", .held = "pause: on leave"}}, "placement:P-1 held"},
        {"therapist:T-1",
         {{"placement:P-1", "packet_therapist", "the placement was canceled"},
          {"placement:P-1", "items_5", "everything is in"}},
         "placement:P-1 moot, placement:P-1 moot"},
        {"therapist:T-1",
         {{"placement:P-1", "items_10", .papers = PAPERS}},
         "task items_10 to va, normal: placement:P-1 | task items_10 to va, normal: placement:P-1 | placement:P-1 "
         "done"},
        {"therapist:T-1",
         {{"placement:P-1", "items_5", .papers = PAPERS}, {"placement:P-1", "items_2", .papers = PAPERS}},
         "task items_2 to va, urgent: placement:P-1 | task items_2 to va, urgent: placement:P-1 | placement:P-1 "
         "superseded, "
         "placement:P-1 done"},
        {"therapist:T-1",
         {{"placement:P-1", "at_risk_3"}, {"placement:P-1", "start_day"}},
         "task at_risk_3 to va_lead, high: placement:P-1 | task start_day to va_lead, urgent: placement:P-1 | "
         "placement:P-1 "
         "done, placement:P-1 done"},
    };
    for (gsize i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *scene = scene_of(cases[i].rows, cases[i].party);
        g_autofree char *story = scene_story(scene, &room);
        assert_string_equal(story, cases[i].story);
        scene_free(scene);
    }
}

static void each_open_item_is_a_matter_of_its_own(void **state UNUSED)
{
    struct scene *scene =
        scene_of((const struct row[]){{"placement:P-1", "items_10", .papers = PAPERS}, {0}}, "therapist:T-1");
    g_autofree char *story = scene_story(scene, &room);
    const struct task_wish *first = scene->party->tasks->pdata[0], *second = scene->party->tasks->pdata[1];
    assert_string_equal(first->matter, "item placement:P-1 photo_id");
    assert_string_equal(second->matter, "item placement:P-1 badge");
    assert_string_equal(second->reason, "Badge is open");
    assert_string_equal(second->phone, "555-0200");
    assert_string_equal(js_get_text(js_get(second->data, "paper"), "title"), "Badge");
    scene_free(scene);
}

static void a_letter_carries_the_documents_of_all_its_placements(void **state UNUSED)
{
    struct scene *scene =
        scene_of((const struct row[]){{"placement:P-1", "packet_facility",
                                       .documents = "[{\"id\": \"credentialing\"}]"},
                                      {"placement:P-2", "packet_facility",
                                       .documents = "[{\"id\": \"credentialing.T-2\"}, {\"id\": \"credentialing\"}]"},
                                      {"placement:P-3", "open_facility"},
                                      {0}},
                 "facility:F-1");
    g_autofree char *story = scene_story(scene, &room);
    const struct letter_wish *wish = scene->party->letters->pdata[0];
    assert_int_equal(js_length(wish->documents), 2);
    assert_string_equal(js_get_text(js_at(wish->documents, 0), "id"), "credentialing");
    assert_string_equal(js_get_text(js_at(wish->documents, 1), "id"), "credentialing.T-2");
    scene_free(scene);
}

static int load(void **state UNUSED)
{
    schedule = scene_schedule("onboarding_packet");
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
        cmocka_unit_test(each_step_falls_on_its_day),
        cmocka_unit_test(what_becomes_of_a_party),
        cmocka_unit_test(each_open_item_is_a_matter_of_its_own),
        cmocka_unit_test(a_letter_carries_the_documents_of_all_its_placements),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
