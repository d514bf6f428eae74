/*
 * The morning digest as a VA reads it, and tasks that climb, without a server: the shipped templates, rendered. The
 * rows that a query would give are made here; db.c is not linked.
 */
#include "task_desk/decide.c"

#include "scene.h"
#include "template.h"

#define TODAY "2027-03-05" /* a Friday */

static struct schedule *schedule;
static const struct room room = {.name = "task_desk",
                                 .decide = desk_decide,
                                 .extra_steps = (const char *const[]){"webhook_created", "webhook_closed", NULL}};

static char *tasks_json(int count, const char *priority, int days_late, const char *script)
{
    AUTO_JS struct js *all = js_array();
    for (int i = 0; i < count; i++) {
        struct js *one = js_object();
        g_autofree char *title = g_strdup_printf("Call %d", i + 1), *due = day_format(scene_day(TODAY) - days_late);
        js_set_int(one, "id", i + 1);
        js_set_text(one, "title", title);
        js_set_text(one, "due", due);
        js_set_text(one, "about", "Cedar House");
        js_set_text(one, "room", "check in");
        js_set_int(one, "days_late", days_late);
        js_set_text(one, "priority", priority);
        js_set_text(one, "phone", i % 2 ? "555-0100" : "");
        js_set_text(one, "reason", "no answer");
        js_set_text(one, "script", script);
        js_add(all, one);
    }
    return js_print(all);
}

static char *rendered(const char *file, enum template_kind kind, const struct js *data)
{
    g_autofree char *path = g_strdup_printf(SOURCE_DIR "/config/templates/task_desk/%s", file), *text = NULL;
    g_autoptr(GError) error = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    char *out = template_render(file, text, kind, data, &error);
    if (!out)
        fail_msg("%s", error->message);
    return out;
}

static char *digest_of(const char *tasks, enum template_kind kind)
{
    struct scene *scene = scene_new(schedule, TODAY);
    (void)scene_job(scene, "", "staff:VA-1", "staff:VA-1", TODAY, "digest", "tasks", tasks, "name", "Vera Ames",
                    "email", "vera@agency.example", "agency_name", "Elm Street", NULL);
    g_autofree char *story = scene_story(scene, &room);
    assert_string_equal(story, "letter digest to va: staff:VA-1 | staff:VA-1 done");
    const struct letter_wish *wish = scene->party->letters->pdata[0];
    struct js *contact = js_object();
    js_set_text(contact, "name", "Vera Ames");
    js_set(wish->data, "contact", contact);
    char *out = rendered(kind == TEMPLATE_TEXT ? "digest.txt.mustache" : "digest.html.mustache", kind, wish->data);
    scene_free(scene);
    return out;
}

static int times(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
        n++;
    return n;
}

static void one_task_as_it_is_read(void **state UNUSED)
{
    g_autofree char *tasks = tasks_json(1, "high", 1, "Say hello.\n\nAsk:\n1. When?\n\n");
    g_autofree char *text = digest_of(tasks, TEMPLATE_TEXT);
    assert_string_equal(
        text, "Subject: One task for March 5, 2027: 1 of high priority; 1 overdue\n\n"
              "Good morning Vera Ames,\n\n"
              "One task is yours today: 1 of high priority; 1 overdue.\n\n"
              "== High priority\n\n"
              "[1] Call 1\n"
              "     Due March 4, 2027, overdue by 1 day. Cedar House, check in.\n"
              "     Why: no answer\n\n"
              "     Say hello.\n\n     Ask:\n     1. When?\n\n"
              "Record what came of it: tickler task ID done --outcome O     (tickler task ID lists what fits, and "
              "all that is known)\n"
              "Not today:              tickler task ID snooze --until DATE\n"
              "Somebody else's:        tickler task ID assign STAFF\n\n"
              "Elm Street\n");
}

static void much_is_bounded(void **state UNUSED)
{
    static const struct {
        int count, in_full, lines;
        const char *more, *rest;
    } table[] = {{25, 25, 0, NULL, NULL},
                 {26, 25, 1, "And 1 more", NULL},
                 {225, 25, 200, "And 200 more", NULL},
                 {900, 25, 200, "And 875 more", "and 675 more"}};
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        for (int html = 0; html < 2; html++) {
            g_autofree char *tasks = tasks_json(table[i].count, "normal", 0, "Say hello");
            g_autofree char *text = digest_of(tasks, html ? TEMPLATE_HTML : TEMPLATE_TEXT);
            assert_int_equal(times(text, "Why: no answer"), table[i].in_full);
            assert_int_equal(times(text, "] Call "), table[i].in_full + table[i].lines);
            assert_true(!table[i].more == !strstr(text, " more"));
            assert_true(!table[i].more || strstr(text, table[i].more));
            assert_true(!table[i].rest || strstr(text, table[i].rest));
        }
}

static void a_long_script_is_cut_and_html_is_escaped(void **state UNUSED)
{
    g_autofree char *script = g_strnfill(9000, 'x'), *tasks = tasks_json(1, "low", -3, script);
    g_autofree char *text = digest_of(tasks, TEMPLATE_TEXT);
    assert_int_equal(times(text, "x"), 4000);
    assert_non_null(strstr(text, "... tickler task 1 shows the rest"));
    assert_non_null(strstr(text, "Due March 8, 2027."));
    g_autofree char *sly = tasks_json(2, "urgent", 0, "<script>1 & 2</script>");
    g_autofree char *html = digest_of(sly, TEMPLATE_HTML);
    assert_null(strstr(html, "<script>"));
    assert_non_null(strstr(html, "&lt;script&gt;1 &amp; 2"));
    assert_int_equal(times(html, "Phone: 555-0100"), 1);
}

static void an_old_task_climbs(void **state UNUSED)
{
    struct scene *scene = scene_new(schedule, TODAY);
    (void)scene_job(scene, "", "staff:VA-1", "task:7", "2027-03-02", "climb_lead", "title", "Call", "task_party",
                    "facility:F", "task_reason", "silence", "days_late", "3", "name", "Vera Ames", "task_phone", "555",
                    NULL);
    (void)scene_job(scene, "", "staff:VA-1", "task:8", "2027-03-02", "climb_lead", "gone", "the task is done", NULL);
    g_autofree char *story = scene_story(scene, &room);
    assert_string_equal(story, "task climb_lead to va_lead, high: task:7 | task:7 done, task:8 moot");
    const struct task_wish *task = scene->party->tasks->pdata[0];
    assert_non_null(strstr(task->reason, "of Vera Ames is overdue by 3 days: silence"));
    assert_string_equal(task->phone, "555");
    scene_free(scene);
}

static int load(void **state UNUSED)
{
    schedule = scene_schedule("task_desk");
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
        cmocka_unit_test(one_task_as_it_is_read),
        cmocka_unit_test(much_is_bounded),
        cmocka_unit_test(a_long_script_is_cut_and_html_is_escaped),
        cmocka_unit_test(an_old_task_climbs),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
