/* why, report, audit: answers from the record. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "plan.h"
#include "tickler_sql.h"

/* --- why */

static int print_list(struct office *office, const struct sql *sql, const char *title, const char *kind, const char *id,
                      const char *on, const char *when_empty)
{
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, sql, &error, agency, kind, id, on);
    if (!rows)
        return refuse_error(error);
    if (!office->json)
        printf("%s\n", title);
    if (office->json || db_rows_count(rows))
        print_rows(office, rows, "");
    else
        printf("  %s\n", when_empty);
    return 0;
}

/* The next rung: the first step whose day is still to come, on the ladder of the subject's kind. */
static void print_next(struct office *office, const char *id, day today)
{
    const struct schedule *schedule = config_schedule(office->config, "invoice_escalation");
    g_autofree char *agency = office_agency_text(office), *date = day_format(today);
    AUTO_ROWS struct db_rows *invoice = db_ask_with(office->db, &sql_why_invoice, NULL, agency, id, date);
    if (!schedule || !invoice || db_rows_count(invoice) == 0)
        return;
    const char *gone = db_text(invoice, 0, "gone"), *held = db_text(invoice, 0, "held");
    day due;
    if (!day_parse(db_text(invoice, 0, "due_on"), &due))
        return;
    printf("balance      %s cents on %s\n", db_text(invoice, 0, "balance"), date);
    if (gone || held) {
        printf("next         nothing: %s\n", gone ? gone : held);
        return;
    }
    const GPtrArray *ladder = schedule_ladder(schedule, db_text(invoice, 0, "type"));
    for (guint i = 0; i < ladder->len; i++) {
        const struct step *step = ladder->pdata[i];
        day on = offset_day(&step->at, schedule->calendar, due);
        g_autofree char *on_text = day_format(on);
        if (on <= today)
            continue;
        printf("next         %s on %s (%s from %s)\n", step->id, on_text, step->at_text, db_text(invoice, 0, "due_on"));
        return;
    }
    puts("next         nothing: the ladder has no later step");
}

static gboolean exists(struct office *office, const char *kind, const char *id)
{
    g_autofree char *agency = office_agency_text(office);
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_why_exists, NULL, agency, kind, id);
    return rows && db_rows_count(rows) > 0;
}

int cmd_why(struct office *office, int argc, char **argv)
{
    static const char *const kinds[] = {"invoice", "facility", "staff", "message", "task", NULL};
    char *on = NULL;
    GOptionEntry entries[] = {{"on", 0, 0, G_OPTION_ARG_STRING, &on, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    if (argc != 3 || !g_strv_contains(kinds, argv[1]))
        usage_error("why needs a kind (invoice, facility, staff, message, task) and an id");
    day today = on ? parse_day_option("--on", on) : office_today(office);
    const char *kind = argv[1], *id = argv[2];
    if (!exists(office, kind, id))
        return refuse("there is no %s '%s'", kind, id);
    int code = print_list(office, &sql_why_history, "what happened", kind, id, on, "nothing on record");
    if (!code)
        code = print_list(office, &sql_why_waits, "what waits", kind, id, NULL, "nothing");
    if (!code)
        code = print_list(office, &sql_why_holds, "what holds it", kind, id, NULL, "nothing");
    if (!code && !office->json && strcmp(kind, "invoice") == 0)
        print_next(office, id, today);
    if (!code && on)
        code = print_list(office, &sql_why_runs, "the schedules on that day", kind, id, on,
                          "no schedule came to its hour");
    return code;
}

/* --- report aging */

int cmd_report(struct office *office, int argc, char **argv)
{
    char *as_of = NULL;
    GOptionEntry entries[] = {{"as-of", 0, 0, G_OPTION_ARG_STRING, &as_of, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    if (argc != 2 || strcmp(argv[1], "aging") != 0)
        usage_error("there is one report: aging");
    day today = as_of ? parse_day_option("--as-of", as_of) : office_today(office);
    g_autofree char *agency = office_agency_text(office), *date = day_format(today);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_report_aging, &error, agency, date);
    if (!rows)
        return refuse_error(error);
    print_rows(office, rows, "nothing is open");
    return 0;
}

/* --- audit verify */

int cmd_audit(struct office *office, int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "verify") != 0)
        usage_error("audit knows one word: verify");
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_audit_verify, &error, agency);
    if (!rows)
        return refuse_error(error);
    const char *broken = db_text(rows, 0, "broken"), *head = db_text(rows, 0, "head");
    if (broken)
        return refuse("the event log does not hold: event %s is not what was written, or one before it is gone",
                      broken);
    if (!db_bool(rows, 0, "tail"))
        return refuse("the event log does not hold: its end is cut off after event %s", db_text(rows, 0, "events"));
    printf("%s events, the chain holds up to event %s\n", db_text(rows, 0, "events"), head ? head : "0");
    return 0;
}
