/* plan and run: what is due, and planning now. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "plan.h"

static void print_due(const struct office *office, const struct schedule *schedule, const struct db_rows *rows)
{
    for (int r = 0; r < db_rows_count(rows); r++) {
        if (!office->json) {
            printf("%-20s %-18s %-24s %-16s %s\n", schedule->worker, db_text(rows, r, "step"),
                   db_text(rows, r, "subject"), db_text(rows, r, "party"), db_text(rows, r, "why"));
            continue;
        }
        AUTO_JS struct js *row = js_object();
        struct js *subjects = js_array();
        js_add_text(subjects, db_text(rows, r, "subject"));
        js_set_text(row, "worker", schedule->worker);
        js_set_text(row, "step", db_text(rows, r, "step"));
        js_set_text(row, "party", db_text(rows, r, "party"));
        js_set(row, "subjects", subjects);
        js_set_text(row, "cycle", db_text(rows, r, "cycle"));
        js_set_text(row, "why", db_text(rows, r, "why"));
        g_autofree char *line = js_print(row);
        puts(line);
    }
}

int cmd_plan(struct office *office, int argc, char **argv)
{
    char *worker = NULL, *as_of = NULL;
    GOptionEntry entries[] = {{"worker", 0, 0, G_OPTION_ARG_STRING, &worker, NULL, NULL},
                              {"as-of", 0, 0, G_OPTION_ARG_STRING, &as_of, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    day today = as_of ? parse_day_option("--as-of", as_of) : office_today(office);
    int due = 0;
    gboolean known = FALSE;
    for (guint i = 0; i < office->config->schedules->len; i++) {
        const struct schedule *schedule = office->config->schedules->pdata[i];
        const struct room_row *room = rooms_find(schedule->worker);
        if (!room || (worker && strcmp(worker, schedule->worker) != 0))
            continue;
        known = TRUE;
        g_autoptr(GError) error = NULL;
        AUTO_ROWS struct db_rows *rows = plan_due(office->db, room, schedule, office->agency, today, &error);
        if (!rows)
            return refuse_error(error);
        due += db_rows_count(rows);
        print_due(office, schedule, rows);
    }
    if (!known)
        return refuse("there is no schedule '%s'", worker ? worker : "");
    if (!due && !office->json) {
        g_autofree char *date = day_format(today);
        printf("nothing is due on %s\n", date);
    }
    return 0;
}

int cmd_run(struct office *office, int argc, char **argv)
{
    if (argc != 2)
        usage_error("run needs the name of a room");
    const struct schedule *schedule = config_schedule(office->config, argv[1]);
    const struct room_row *room = rooms_find(argv[1]);
    if (!schedule || !room)
        return refuse("there is no room '%s' with a schedule", argv[1]);
    struct plan_outcome outcome;
    g_autoptr(GError) error = NULL;
    instant now = clock_now();
    if (!plan_run(office->db, room, schedule, office->agency, now, now, office->actor, &outcome, &error))
        return refuse_error(error);
    office_notify(office);
    g_autofree char *reason = outcome.reason;
    if (outcome.skipped || outcome.held)
        return refuse("%s: %s", argv[1], reason);
    printf("%s: %" G_GINT64_FORMAT " jobs planned\n", argv[1], outcome.planned);
    return 0;
}
