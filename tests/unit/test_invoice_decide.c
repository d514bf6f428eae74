/*
 * What the invoice room decides, without a server: the shipped ladder, invoices as a table, and what comes of them. The
 * rows that a query would give are made here; db.c is not linked. Cases of other systems carry their ids (KB Kill Bill,
 * OC OCA, EN ERPNext, IN Invoice Ninja).
 */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* a table names only what matters to a row */

#include "invoice_escalation/decide.c"

#include "scene.h"

#define TODAY "2027-03-03" /* a Wednesday */

static struct schedule *schedule;
static const struct room room = {.name = "invoice_escalation",
                                 .decide = invoice_decide,
                                 .extra_steps = (const char *const[]){"thank_you", NULL}};

/* An open invoice of the party; with a step there is a job for it. */
struct bill {
    const char *number, *step;
    int days_late;
    const char *currency, *gone, *held;
    gboolean fired;
    int broken;
};

static void put(GHashTable *row, const char *column, const char *text)
{
    if (text)
        g_hash_table_insert(row, g_strdup(column), g_strdup(text));
}

static char *open_json(const struct bill *bills, int n)
{
    AUTO_JS struct js *all = js_array();
    for (int i = 0; i < n; i++) {
        if (bills[i].gone || bills[i].held)
            continue;
        struct js *one = js_object();
        js_set_text(one, "number", bills[i].number);
        js_set_text(one, "site", "Clinic");
        js_set_text(one, "due", "2027-01-01");
        js_set_text(one, "issued", "2026-12-01");
        js_set_text(one, "currency", bills[i].currency ? bills[i].currency : "USD");
        js_set_int(one, "days_late", bills[i].days_late);
        js_set_int(one, "amount", 123450);
        js_set_int(one, "balance", 100000);
        js_add(all, one);
    }
    return js_print(all);
}

static GHashTable *row_of(const struct bill *bill, const char *open, const char *credit)
{
    GHashTable *row = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *broken = g_strdup_printf("%d", bill->broken);
    put(row, "currency", bill->currency ? bill->currency : "USD");
    put(row, "gone", bill->gone);
    put(row, "number", bill->number);
    put(row, "amount_cents", "123450");
    put(row, "facility_name", "Clinic");
    put(row, "agency_name", "Elm Street");
    put(row, "broken", broken);
    put(row, "open", open);
    put(row, "credit", credit);
    return row;
}

static struct scene decide(const struct bill *bills, int n, const char *credit)
{
    struct scene scene = {.rows.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref)};
    g_autofree char *open = open_json(bills, n);
    day today;
    assert_true(day_parse(TODAY, &today));
    scene.party = party_new(schedule, today, zone_at(schedule->zone, today, 9 * 60));
    for (int i = 0; i < n; i++)
        g_ptr_array_add(scene.rows.rows, row_of(&bills[i], open, credit));
    return scene;
}

/* The jobs point at their rows, so they are made once the scene stands where it stays. */
static void run(struct scene *scene, const struct bill *bills, int n)
{
    for (int i = 0; i < n; i++) {
        if (!bills[i].step)
            continue;
        const struct step *step = schedule_step(schedule, "iop", bills[i].step);
        struct job *job = g_new0(struct job, 1);
        *job = (struct job){.id = i + 1,
                            .agency = 1,
                            .subject_id = i + 1,
                            .subject = bills[i].number,
                            .party = "facility:F",
                            .cycle = scene->party->today - bills[i].days_late,
                            .step_id = bills[i].step,
                            .ordinal = step ? step->ordinal : -1,
                            .step = step,
                            .fired = bills[i].fired,
                            .held = bills[i].held,
                            .rows = &scene->rows,
                            .row = i};
        g_ptr_array_add(scene->party->jobs, job);
    }
    room_decide(&room, scene->party);
}

static void scene_end(struct scene *scene)
{
    party_free(scene->party);
    g_ptr_array_unref(scene->rows.rows);
}

/* "letter reminder: A B | task call: A | A done, B moot paid": letters with the invoices they list, tasks with the
 * invoices they carry, and the verdicts. */
static char *story(const struct scene *scene)
{
    static const char *const words[] = {
        [VERDICT_NONE] = "none",   [VERDICT_DONE] = "done", [VERDICT_SUPERSEDED] = "superseded",
        [VERDICT_NEVER] = "never", [VERDICT_MOOT] = "moot", [VERDICT_HELD] = "held",
        [VERDICT_LATER] = "later"};
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < scene->party->letters->len; i++) {
        const struct letter_wish *wish = scene->party->letters->pdata[i];
        const struct js *rows = js_get(wish->data, "invoices");
        g_string_append_printf(all, "letter %s:", wish->template);
        for (gsize k = 0; k < js_length(rows); k++)
            g_string_append_printf(all, " %s", js_get_text(js_at(rows, k), "number"));
        g_string_append(all, " | ");
    }
    for (guint i = 0; i < scene->party->tasks->len; i++) {
        const struct task_wish *wish = scene->party->tasks->pdata[i];
        g_string_append_printf(all, "task %s:", wish->step_id);
        for (guint k = 0; k < wish->jobs->len; k++)
            g_string_append_printf(all, " %s", ((struct job *)wish->jobs->pdata[k])->subject);
        g_string_append(all, " | ");
    }
    for (guint i = 0; i < scene->party->jobs->len; i++) {
        const struct job *job = scene->party->jobs->pdata[i];
        g_string_append_printf(all, "%s%s %s", i ? ", " : "", job->subject, words[job->verdict]);
    }
    return g_string_free(all, FALSE);
}

struct expected {
    const char *id; /* what it shows */
    struct bill bills[4];
    const char *credit;
    const char *story;
};

static const struct expected table[] = {
    {"every rung: courtesy", {{"A", "courtesy", -5}}, NULL, "letter courtesy: A | A done"},
    {"every rung: reminder", {{"A", "reminder", 3}}, NULL, "letter reminder: A | A done"},
    {"every rung: grouped", {{"A", "grouped", 10}}, NULL, "letter grouped: A | A done"},
    {"every rung: call", {{"A", "call", 20}}, NULL, "task call: A | A done"},
    {"every rung: formal", {{"A", "formal", 30}}, NULL, "letter formal: A | A done"},
    {"every rung: account manager", {{"A", "account_manager", 45}}, NULL, "task account_manager: A | A done"},
    {"every rung: leadership", {{"A", "leadership", 60}}, NULL, "task leadership: A | A done"},
    {"every rung: decision", {{"A", "decision", 90}}, NULL, "task decision: A | A done"},
    {"EN-04 two invoices, one letter",
     {{"A", "reminder", 3}, {"B", "reminder", 4}},
     NULL,
     "letter reminder: A B | A done, B done"},
    {"the highest step writes, the lower ones are done by it",
     {{"A", "reminder", 3}, {"B", "formal", 30}},
     NULL,
     "letter formal: A B | A done, B done"},
    {"OC-21 all that is past due is listed, also what has no step today",
     {{"A", "reminder", 3}, {"B", NULL, 14}, {"C", NULL, 1}},
     NULL,
     "letter reminder: A B C | A done"},
    {"what is not yet due is no part of a reminder",
     {{"A", "reminder", 3}, {"B", NULL, -9}, {"C", NULL, 0}},
     NULL,
     "letter reminder: A | A done"},
    {"a courtesy note is no part of a reminder",
     {{"A", "courtesy", -5}, {"B", "reminder", 3}},
     NULL,
     "letter reminder: B | A superseded, B done"},
    {"a courtesy note names what comes due within its days, not what is due in six weeks",
     {{"A", "courtesy", -5}, {"B", NULL, -2}, {"C", NULL, -40}},
     NULL,
     "letter courtesy: A B | A done"},
    {"OC-15 a letter for each currency",
     {{"A", "reminder", 3}, {"B", "reminder", 3, "EUR"}},
     NULL,
     "letter reminder: A | letter reminder: B | A done, B done"},
    {"KB-29 one decision for a facility, not one an invoice",
     {{"A", "decision", 90}, {"B", "decision", 97}, {"C", "decision", 99}},
     NULL,
     "task decision: A B C | A done, B done, C done"},
    {"leadership hears of a facility once a day, by the highest step",
     {{"A", "leadership", 60}, {"B", "decision", 90}, {"C", "account_manager", 45}, {"D", "decision", 95}},
     NULL,
     "task decision: A B D | task account_manager: C | A done, B done, C done, D done"},
    {"a letter and a call beside it",
     {{"A", "call", 20}, {"B", "reminder", 3}},
     NULL,
     "letter reminder: A B | task call: A | A done, B done"},
    {"KB-10 IN-10 what has fired does not go again", {{"A", "reminder", 3, .fired = TRUE}}, NULL, "A moot"},
    {"EN-03 paid in full at the last moment", {{"A", "reminder", 3, .gone = "paid on 2027-02-03"}}, NULL, "A moot"},
    {"KB-24 the newest is paid, the oldest goes on",
     {{"A", "formal", 30}, {"B", "reminder", 3, .gone = "paid on 2027-02-03"}},
     NULL,
     "letter formal: A | A done, B moot"},
    {"a dispute rests, the others go on",
     {{"A", "formal", 30, .held = "disputed"}, {"B", "reminder", 3}},
     NULL,
     "letter reminder: B | A held, B done"},
    {"the ladder lost the step", {{"A", "no_such_step", 3}}, NULL, "A moot"},
    {"KB-32 two steps of one invoice: the later goes",
     {{"A", "reminder", 12}, {"A", "grouped", 12}},
     NULL,
     "letter grouped: A A | A superseded, A done"},
    {"money that nobody has allocated: no letter, a task",
     {{"A", "reminder", 3}, {"B", "call", 20}},
     "{\"USD\": 3000}",
     "task allocate: A B | A later, B later"},
    {"another currency's credit holds up nobody",
     {{"A", "reminder", 3}},
     "{\"EUR\": 3000}",
     "letter reminder: A | A done"},
    {"a word of thanks stands by itself",
     {{"A", "thank_you", 12}, {"B", "reminder", 3}},
     NULL,
     "letter thank_you: A B | letter reminder: A B | A done, B done"},
};

static void test_table(void **state UNUSED)
{
    for (gsize i = 0; i < ARRAY_LEN(table); i++) {
        const struct expected *e = &table[i];
        int n = 0;
        while (n < (int)ARRAY_LEN(e->bills) && e->bills[n].number)
            n++;
        struct scene scene = decide(e->bills, n, e->credit);
        run(&scene, e->bills, n);
        g_autofree char *told = story(&scene);
        if (strcmp(told, e->story) != 0)
            fail_msg("%s:\n  expected %s\n  found    %s", e->id, e->story, told);
        scene_end(&scene);
    }
}

static void test_data_of_a_letter(void **state UNUSED)
{
    static const struct bill bills[] = {{"A", "reminder", 3, .broken = 2}, {"B", NULL, 14}};
    struct scene scene = decide(bills, 2, NULL);
    run(&scene, bills, 2);
    const struct js *data = ((struct letter_wish *)scene.party->letters->pdata[0])->data;
    assert_string_equal(js_get_text(data, "total"), "2,000.00");
    assert_string_equal(js_get_text(data, "currency"), "USD");
    assert_string_equal(js_get_text(data, "reply_by"), "March 10, 2027");
    assert_int_equal(js_get_int(data, "count", 0), 2);
    assert_int_equal(js_get_int(data, "oldest_days", 0), 14);
    assert_true(js_get_bool(data, "many") && !js_get_bool(data, "one"));
    assert_true(js_get_bool(data, "promise_broken"));
    assert_int_equal(js_get_int(data, "promises_broken", 0), 2);
    const struct js *row = js_at(js_get(data, "invoices"), 0);
    assert_string_equal(js_get_text(row, "amount"), "1,234.50");
    assert_string_equal(js_get_text(row, "balance"), "1,000.00");
    assert_true(js_get_bool(row, "late"));
    scene_end(&scene);
}

static void test_a_task_says_why(void **state UNUSED)
{
    static const struct bill bills[] = {{"A", "call", 20, .broken = 1}};
    struct scene scene = decide(bills, 1, NULL);
    run(&scene, bills, 1);
    const struct task_wish *task = scene.party->tasks->pdata[0];
    assert_string_equal(task->reason,
                        "Clinic: a promise to pay was broken, 1,000.00 USD open, the oldest 20 days late");
    assert_string_equal(task->matter, "call facility:F USD");
    assert_string_equal(task->role, "va");
    assert_string_equal(task->script, "call");
    scene_end(&scene);
}

static void test_allocation_is_looked_at_again_next_business_day(void **state UNUSED)
{
    static const struct bill bills[] = {{"A", "reminder", 3}};
    struct scene scene = decide(bills, 1, "{\"USD\": 3000}");
    run(&scene, bills, 1);
    const struct job *job = scene.party->jobs->pdata[0];
    assert_true(job->until == zone_at(schedule->zone, scene.party->today + 1, 0));
    assert_string_equal(((struct task_wish *)scene.party->tasks->pdata[0])->title, "Allocate 30.00 USD of Clinic");
    scene_end(&scene);
}

static void test_money(void **state UNUSED)
{
    static const struct {
        gint64 cents;
        const char *text;
    } sums[] = {
        {0, "0.00"},   {5, "0.05"},           {99999, "999.99"}, {123450, "1,234.50"}, {100000000, "1,000,000.00"},
        {-5, "-0.05"}, {-123450, "-1,234.50"}};
    for (gsize i = 0; i < ARRAY_LEN(sums); i++) {
        g_autofree char *text = money_format(sums[i].cents);
        assert_string_equal(text, sums[i].text);
    }
}

static int load(void **state UNUSED)
{
    struct problems *problems = problems_new();
    schedule = schedule_load(SOURCE_DIR "/config/schedules/invoice_escalation.yaml",
                             SOURCE_DIR "/config/templates/invoice_escalation", NULL, problems);
    problems_free(problems);
    return schedule ? 0 : -1;
}

static int unload(void **state UNUSED)
{
    schedule_free(schedule);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_data_of_a_letter),
        cmocka_unit_test(test_a_task_says_why), cmocka_unit_test(test_allocation_is_looked_at_again_next_business_day),
        cmocka_unit_test(test_money),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
