/* tasks and task: the VA's inbox from the shell. What may follow on what is one table, what may be recorded another
 * (outcomes.c). */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "desk.h"
#include "outcomes.h"
#include "tickler_sql.h"

struct request { /* the words behind `task ID` */
    struct outcome_request done;
    char *until;
    const char *assignee;
};

int cmd_tasks(struct office *office, int argc, char **argv)
{
    char *va = NULL, *state = NULL, *worker = NULL;
    GOptionEntry entries[] = {{"va", 0, 0, G_OPTION_ARG_STRING, &va, NULL, NULL},
                              {"state", 0, 0, G_OPTION_ARG_STRING, &state, NULL, NULL},
                              {"worker", 0, 0, G_OPTION_ARG_STRING, &worker, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, office->json ? &sql_tasks_json : &sql_tasks, &error, agency, va, state, worker);
    if (!rows)
        return refuse_error(error);
    print_rows(office, rows, "no tasks");
    return 0;
}

/* A value of several lines stands under its first one. */
static void print_lines(const char *label, const char *value)
{
    g_auto(GStrv) lines = g_strsplit(value, "\n", -1);
    for (char **line = lines; *line; line++)
        printf("%-12s %s\n", line == lines ? label : "", *line);
}

static int show_task(struct office *office, const struct db_rows *task)
{
    if (office->json) {
        print_rows(office, task, "");
        return 0;
    }
    static const struct {
        const char *column, *label;
    } lines[] = {{"title", "task"},        {"worker", "room"},       {"state", "state"}, {"until", "until"},
                 {"assignee", "assignee"}, {"priority", "priority"}, {"due", "due"},     {"about", "about"},
                 {"records", "records"},   {"reason", "why"},        {"phone", "phone"}, {"script", "what to say"},
                 {"history", "history"},   {"outcome", "outcome"},   {"note", "note"}};
    for (gsize i = 0; i < ARRAY_LEN(lines); i++) {
        g_autofree char *value = g_strdup(db_text(task, 0, lines[i].column));
        if (value && *value)
            print_lines(lines[i].label, value);
    }
    g_autofree char *list = outcome_list(db_text(task, 0, "worker"), "\n");
    print_lines("outcomes", list);
    return 0;
}

/* --- changes */

static int record(struct office *office, const char *id, const char *state, const struct request *request,
                  const char *kind)
{
    g_autofree char *agency = office_agency_text(office), *now = now_text(), *about = g_strdup_printf("task:%s", id);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "until", request->until);
    js_set_text(detail, "assignee", request->assignee);
    g_autofree char *text = js_print(detail);
    g_autoptr(GError) error = NULL;
    const char *const values[] = {agency, id, state, NULL, request->done.note, request->until, now, request->assignee};
    if (!db_begin(office->db, &error))
        return refuse_error(error);
    gint64 touched = db_touched(db_ask(office->db, &sql_task_change, ARRAY_LEN(values), values, &error));
    if (touched > 0 && desk_event(office->db, office->agency, clock_now(), office->actor, kind, about, text, &error) &&
        db_commit(office->db, &error))
        return 0;
    db_rollback(office->db);
    if (touched != 0)
        return refuse_error(error);
    return request->assignee ? refuse("there is no staff '%s', or task %s was closed meanwhile", request->assignee, id)
                             : refuse("task %s was closed by somebody else meanwhile", id);
}

static int take_task(struct office *office, const struct db_rows *task, const struct request *request)
{
    return record(office, db_text(task, 0, "task"), "taken", request, "task.taken");
}

static int finish_task(struct office *office, const struct db_rows *task, const struct request *request)
{
    if (!request->done.outcome)
        usage_error("done needs --outcome O; tickler task %s lists them", db_text(task, 0, "task"));
    const struct outcome *outcome = outcome_find(db_text(task, 0, "worker"), request->done.outcome);
    return outcome ? outcome_record(office, db_text(task, 0, "task"), outcome, &request->done) : 1;
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
    GOptionEntry entries[] = {{"outcome", 0, 0, G_OPTION_ARG_STRING, &request.done.outcome, NULL, NULL},
                              {"note", 0, 0, G_OPTION_ARG_STRING, &request.done.note, NULL, NULL},
                              {"date", 0, 0, G_OPTION_ARG_STRING, &request.done.date, NULL, NULL},
                              {"amount", 0, 0, G_OPTION_ARG_STRING, &request.done.amount, NULL, NULL},
                              {"score", 0, 0, G_OPTION_ARG_STRING, &request.done.score, NULL, NULL},
                              {"item", 0, 0, G_OPTION_ARG_STRING, &request.done.item, NULL, NULL},
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
