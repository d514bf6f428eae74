/* tasks and task: the VA's inbox from the shell. What may follow on what is one table. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "desk.h"
#include "problems.h"
#include "tickler_sql.h"

/* The call outcomes that people record (domain: what a VA hears on the phone). */
static const char *const outcomes[] = {"voicemail_left",
                                       "unreachable",
                                       "not_received",
                                       "waiting_for_approval",
                                       "dispute",
                                       "promise_to_pay",
                                       "payment_sent",
                                       "received_and_complete",
                                       "something_missing",
                                       "approved",
                                       "denied",
                                       "wrong_contact",
                                       "done"};

struct request { /* the words behind `task ID` */
    char *outcome, *note, *date, *amount, *until;
    const char *assignee;
};

int cmd_tasks(struct office *office, int argc, char **argv)
{
    char *va = NULL, *state = NULL;
    GOptionEntry entries[] = {{"va", 0, 0, G_OPTION_ARG_STRING, &va, NULL, NULL},
                              {"state", 0, 0, G_OPTION_ARG_STRING, &state, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, office->json ? &sql_tasks_json : &sql_tasks, &error, agency, va, state);
    if (!rows)
        return refuse_error(error);
    print_rows(office, rows, "no tasks");
    return 0;
}

static int show_task(struct office *office, const struct db_rows *task)
{
    if (office->json) {
        print_rows(office, task, "");
        return 0;
    }
    static const struct {
        const char *column, *label;
    } lines[] = {{"title", "task"},  {"state", "state"},        {"assignee", "assignee"}, {"priority", "priority"},
                 {"due", "due"},     {"party", "about"},        {"subjects", "records"},  {"reason", "why"},
                 {"phone", "phone"}, {"script", "what to say"}, {"history", "history"},   {"outcome", "outcome"},
                 {"note", "note"}};
    for (gsize i = 0; i < ARRAY_LEN(lines); i++) {
        const char *value = db_text(task, 0, lines[i].column);
        if (value && *value)
            printf("%-12s %s\n", lines[i].label, value);
    }
    g_autoptr(GString) all = g_string_new(NULL);
    for (gsize i = 0; i < ARRAY_LEN(outcomes); i++)
        g_string_append_printf(all, "%s%s", i ? ", " : "", outcomes[i]);
    printf("%-12s %s\n", "outcomes", all->str);
    return 0;
}

/* --- changes */

static gboolean check_outcome(const struct request *request)
{
    for (gsize i = 0; i < ARRAY_LEN(outcomes); i++)
        if (strcmp(outcomes[i], request->outcome) == 0)
            return TRUE;
    const char *near = nearest_word(request->outcome, outcomes, ARRAY_LEN(outcomes));
    usage_error("--outcome %s is unknown%s%s", request->outcome, near ? "; did you mean " : "; see tickler task ID",
                near ? near : "");
}

static gboolean is_promise(const struct request *request)
{
    return request->outcome && strcmp(request->outcome, "promise_to_pay") == 0;
}

static char *cents_of(const char *amount)
{
    char *end;
    gint64 whole = g_ascii_isdigit(amount[0]) ? g_ascii_strtoll(amount, &end, 10) : -1, cents = 0;
    if (whole >= 0 && end[0] == '.' && g_ascii_isdigit(end[1]) && g_ascii_isdigit(end[2]) && !end[3])
        cents = (end[1] - '0') * 10 + end[2] - '0';
    else if (whole < 0 || end[0])
        usage_error("--amount %s is no amount; write 1200.00", amount);
    return g_strdup_printf("%" G_GINT64_FORMAT, whole * 100 + cents);
}

/* A dispute or a promise holds the letters about what the task is about. */
static int hold_by_outcome(struct office *office, const struct db_rows *task, const struct request *request)
{
    gboolean dispute = strcmp(request->outcome, "dispute") == 0;
    if (!dispute && !is_promise(request))
        return 0;
    g_autofree char *cents = request->amount ? cents_of(request->amount) : NULL;
    g_auto(GStrv) subjects = g_strsplit(db_text(task, 0, "subjects"), " ", -1);
    int code = 0;
    for (char **subject = subjects; *subject && code == 0; subject++) {
        char *colon = strchr(*subject, ':');
        if (!colon)
            continue;
        *colon = '\0';
        if (strcmp(*subject, "invoice") == 0)
            code = place_hold(office, *subject, colon + 1, dispute ? "dispute" : "promise_to_pay", request->date, cents,
                              request->note ? request->note : "said on the phone");
    }
    return code;
}

static int record(struct office *office, const char *id, const char *state, const struct request *request,
                  const char *kind)
{
    g_autofree char *agency = office_agency_text(office), *now = now_text(), *about = g_strdup_printf("task:%s", id);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "outcome", request->outcome);
    js_set_text(detail, "until", request->until);
    js_set_text(detail, "assignee", request->assignee);
    g_autofree char *text = js_print(detail);
    g_autoptr(GError) error = NULL;
    const char *const values[] = {agency,           id, state, request->outcome, request->note, request->until, now,
                                  request->assignee};
    if (!db_begin(office->db, &error))
        return refuse_error(error);
    gint64 touched = db_touched(db_ask(office->db, &sql_task_change, ARRAY_LEN(values), values, &error));
    if (touched > 0 && desk_event(office->db, office->agency, clock_now(), office->actor, kind, about, text, &error) &&
        db_commit(office->db, &error))
        return 0;
    db_rollback(office->db);
    return touched == 0 ? refuse("there is no staff '%s'", request->assignee ? request->assignee : "")
                        : refuse_error(error);
}

static int take_task(struct office *office, const struct db_rows *task, const struct request *request)
{
    return record(office, db_text(task, 0, "task"), "taken", request, "task.taken");
}

static int finish_task(struct office *office, const struct db_rows *task, const struct request *request)
{
    if (!request->outcome)
        usage_error("done needs --outcome O");
    (void)check_outcome(request);
    if (is_promise(request) && !request->date)
        usage_error("a promise to pay needs --date D");
    if (request->date && parse_day_option("--date", request->date) < office_today(office))
        return refuse("--date %s is in the past", request->date);
    int code = hold_by_outcome(office, task, request);
    return code ? code : record(office, db_text(task, 0, "task"), "done", request, "task.done");
}

static int snooze_task(struct office *office, const struct db_rows *task, const struct request *request)
{
    if (!request->until)
        usage_error("snooze needs --until D");
    if (parse_day_option("--until", request->until) <= office_today(office))
        return refuse("--until %s is not in the future", request->until);
    return record(office, db_text(task, 0, "task"), "snoozed", request, "task.snoozed");
}

static int assign_task(struct office *office, const struct db_rows *task, const struct request *request)
{
    if (!request->assignee)
        usage_error("assign needs the id of somebody");
    return record(office, db_text(task, 0, "task"), "open", request, "task.assigned");
}

static const struct {
    const char *word;
    int (*run)(struct office *, const struct db_rows *, const struct request *);
} actions[] = {{"take", take_task}, {"done", finish_task}, {"snooze", snooze_task}, {"assign", assign_task}};

int cmd_task(struct office *office, int argc, char **argv)
{
    struct request request = {0};
    GOptionEntry entries[] = {{"outcome", 0, 0, G_OPTION_ARG_STRING, &request.outcome, NULL, NULL},
                              {"note", 0, 0, G_OPTION_ARG_STRING, &request.note, NULL, NULL},
                              {"date", 0, 0, G_OPTION_ARG_STRING, &request.date, NULL, NULL},
                              {"amount", 0, 0, G_OPTION_ARG_STRING, &request.amount, NULL, NULL},
                              {"until", 0, 0, G_OPTION_ARG_STRING, &request.until, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    if (argc < 2)
        usage_error("task needs the number of a task");
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *task = db_ask_with(office->db, &sql_task_show, &error, agency, argv[1]);
    if (!task)
        return refuse_error(error);
    if (db_rows_count(task) == 0)
        return refuse("there is no task %s", argv[1]);
    if (argc == 2)
        return show_task(office, task);
    request.assignee = argc > 3 ? argv[3] : NULL;
    const char *state = db_text(task, 0, "state");
    if (strcmp(state, "done") == 0 || strcmp(state, "withdrawn") == 0)
        return refuse("task %s is %s already", argv[1], state);
    for (gsize i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].word, argv[2]) == 0) {
            int code = actions[i].run(office, task, &request);
            if (code == 0)
                printf("task %s: %s\n", argv[1], argv[2]);
            return code;
        }
    usage_error("a task can be take, done, snooze or assign, not '%s'", argv[2]);
}
