/* why, report, audit: answers from the record. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "plan.h"
#include "rooms.h"
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

/* The first step of the row's ladder whose day is still to come; NULL when there is none. */
static const struct step *next_step(const struct schedule *schedule, const struct db_rows *rows, int row, day today,
                                    day *ret_on)
{
    const char *track = db_text(rows, row, "track"), *anchor_text = db_text(rows, row, "anchor");
    const GPtrArray *ladder = schedule_ladder(schedule, db_text(rows, row, "variant"));
    const struct step *next = NULL;
    day anchor;
    if (!anchor_text || !day_parse(anchor_text, &anchor))
        return NULL;
    for (guint i = 0; i < ladder->len; i++) {
        const struct step *step = ladder->pdata[i];
        day on = offset_day(&step->at, schedule->calendar, anchor);
        if (strcmp(schedule_track(schedule, step), track) != 0 || on <= today || (next && on >= *ret_on))
            continue;
        next = step;
        *ret_on = on;
    }
    return next;
}

static void print_facts(const char *facts)
{
    g_auto(GStrv) lines = g_strsplit(facts ? facts : "", "\n", -1);
    for (char **line = lines; *line; line++)
        if (**line)
            printf("  %s\n", *line);
}

static void print_stand(const struct office *office, const struct schedule *schedule, const struct db_rows *rows,
                        int row, day today)
{
    const char *track = db_text(rows, row, "track"), *facts = db_text(rows, row, "facts");
    const char *gone = db_text(rows, row, "gone"), *held = db_text(rows, row, "held");
    day on = DAY_NONE;
    const struct step *next = track && !gone && !held ? next_step(schedule, rows, row, today, &on) : NULL;
    g_autofree char *on_text = next ? day_format(on) : NULL;
    const char *nothing = gone ? gone : held ? held : "the ladder has no later step";
    if (office->json) {
        AUTO_JS struct js *object = js_object();
        js_set_text(object, "worker", schedule->worker);
        js_set_text(object, "track", track);
        js_set_text(object, "anchor", db_text(rows, row, "anchor"));
        js_set_text(object, "facts", facts);
        js_set_text(object, "next", next ? next->id : NULL);
        js_set_text(object, "on", on_text);
        js_set_text(object, "nothing", track && !next ? nothing : NULL);
        g_autofree char *line = js_print(object);
        puts(line);
        return;
    }
    print_facts(facts);
    if (next)
        printf("  next: %s on %s (%s from %s)\n", next->id, on_text, next->at_text, db_text(rows, row, "anchor"));
    else if (track)
        printf("  next: nothing%s%s: %s\n", strcmp(track, "main") == 0 ? "" : " of ",
               strcmp(track, "main") == 0 ? "" : track, nothing);
}

/* Where the subject stands on the ladders of every room that knows it. */
static int print_stands(struct office *office, const char *kind, const char *id, day today)
{
    g_autofree char *agency = office_agency_text(office), *date = day_format(today);
    for (gsize i = 0; i < rooms_count; i++) {
        const struct schedule *schedule = config_schedule(office->config, rooms[i].name);
        g_autoptr(GError) error = NULL;
        if (!schedule || !rooms[i].why->text[0])
            continue;
        AUTO_ROWS struct db_rows *rows =
            db_ask_with(office->db, rooms[i].why, &error, agency, kind, id, date, schedule->settings);
        if (!rows)
            return refuse_error(error);
        if (db_rows_count(rows) && !office->json)
            printf("where it stands (%s)\n", rooms[i].name);
        for (int r = 0; r < db_rows_count(rows); r++)
            print_stand(office, schedule, rows, r, today);
    }
    return 0;
}

/* FALSE when it said why not. */
static gboolean exists(struct office *office, const char *kind, const char *id)
{
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_why_exists, &error, agency, kind, id);
    return was_found(rows, kind, id, error);
}

int cmd_why(struct office *office, int argc, char **argv)
{
    static const char *const kinds[] = {"invoice",   "license", "placement", "application", "payer", "facility",
                                        "therapist", "staff",   "message",   "task",        NULL};
    char *on = NULL;
    GOptionEntry entries[] = {{"on", 0, 0, G_OPTION_ARG_STRING, &on, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    if (argc != 3 || !g_strv_contains(kinds, argv[1]))
        usage_error("why needs a kind (invoice, license, placement, application, payer, facility, therapist, staff, "
                    "message, task) and an id");
    day today = on ? parse_day_option("--on", on) : office_today(office);
    const char *kind = argv[1], *id = argv[2];
    if (!exists(office, kind, id))
        return 1;
    int code = print_list(office, &sql_why_history, "what happened", kind, id, on, "nothing on record");
    if (!code)
        code = print_list(office, &sql_why_waits, "what waits", kind, id, NULL, "nothing");
    if (!code)
        code = print_list(office, &sql_why_holds, "what holds it", kind, id, NULL, "nothing");
    if (!code)
        code = print_stands(office, kind, id, today);
    if (!code && on)
        code = print_list(office, &sql_why_runs, "the schedules on that day", kind, id, on,
                          "no schedule came to its hour");
    return code;
}

/* --- report */

/* $1 agency  $2 date; each answers one table, and `more` another below it. */
static const struct report {
    const char *word;
    const struct sql *ask, *more;
    const char *when_empty, *more_title, *more_empty;
} reports[] = {
    {.word = "aging", .ask = &sql_report_aging, .when_empty = "nothing is open"},
    {.word = "payers",
     .ask = &sql_report_payers,
     .when_empty = "there are no panel applications",
     .more = &sql_report_payers_beyond,
     .more_title = "files that take longer than their payer's usual",
     .more_empty = "none"},
};

static const struct report *find_report(const char *word)
{
    for (gsize i = 0; i < ARRAY_LEN(reports); i++)
        if (strcmp(reports[i].word, word) == 0)
            return &reports[i];
    return NULL;
}

static int print_report(struct office *office, const struct sql *sql, const char *date, const char *when_empty)
{
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, sql, &error, agency, date);
    if (!rows)
        return refuse_error(error);
    print_rows(office, rows, when_empty);
    return 0;
}

int cmd_report(struct office *office, int argc, char **argv)
{
    char *as_of = NULL;
    GOptionEntry entries[] = {{"as-of", 0, 0, G_OPTION_ARG_STRING, &as_of, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    const struct report *report = argc == 2 ? find_report(argv[1]) : NULL;
    if (!report)
        usage_error("report needs its name: aging or payers");
    day today = as_of ? parse_day_option("--as-of", as_of) : office_today(office);
    g_autofree char *date = day_format(today);
    int code = print_report(office, report->ask, date, report->when_empty);
    if (code || !report->more)
        return code;
    if (!office->json)
        printf("\n%s\n", report->more_title);
    return print_report(office, report->more, date, report->more_empty);
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
