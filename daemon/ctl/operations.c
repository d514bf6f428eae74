/* hold, release, pause, resume, retry, release-storm: what an admin does to the flow. Each change has its event. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "desk.h"
#include "problems.h"
#include "tickler_sql.h"

/* Runs one changing question and its event in a transaction; a question that touches no row is refused with `none`. */
static int change(struct office *office, const struct sql *sql, int n, const char *const *values, const char *kind,
                  const char *about, const char *reason, const char *none)
{
    g_autoptr(GError) error = NULL;
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "reason", reason);
    g_autofree char *text = js_print(detail);
    if (!db_begin(office->db, &error))
        return refuse_error(error);
    gint64 touched = db_touched(db_ask(office->db, sql, n, values, &error));
    if (touched > 0 && desk_event(office->db, office->agency, clock_now(), office->actor, kind, about, text, &error) &&
        db_commit(office->db, &error)) {
        office_notify(office);
        return 0;
    }
    db_rollback(office->db);
    return touched == 0 ? refuse("%s", none) : refuse_error(error);
}

/* 0 when it said why. */
static gint64 find_subject(struct office *office, const char *kind, const char *id)
{
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_subject_find, &error, agency, kind, id);
    return was_found(rows, kind, id, error) ? db_int(rows, 0, "subject_id") : 0;
}

static int place_hold(struct office *office, const char *about, const char *id, const char *kind, const char *until,
                      const char *reason)
{
    gint64 subject = find_subject(office, about, id);
    if (!subject)
        return 1;
    g_autofree char *agency = office_agency_text(office), *number = g_strdup_printf("%" G_GINT64_FORMAT, subject);
    g_autofree char *today = day_format(office_today(office)), *where = g_strdup_printf("%s:%s", about, id);
    g_autofree char *why = g_strdup_printf("%s: %s", kind, reason);
    const char *const values[] = {agency, about, number, kind, today, until, NULL, reason, office->actor};
    return change(office, &sql_hold_put, ARRAY_LEN(values), values, "hold.placed", where, why,
                  "the hold was not placed");
}

int cmd_hold(struct office *office, int argc, char **argv)
{
    static const char *const kinds[] = {"dispute", "promise_to_pay", "pause", "do_not_contact"};
    char *kind = NULL, *until = NULL, *reason = NULL;
    GOptionEntry entries[] = {{"kind", 0, 0, G_OPTION_ARG_STRING, &kind, NULL, NULL},
                              {"until", 0, 0, G_OPTION_ARG_STRING, &until, NULL, NULL},
                              {"reason", 0, 0, G_OPTION_ARG_STRING, &reason, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    gboolean known = FALSE;
    for (gsize i = 0; kind && i < ARRAY_LEN(kinds); i++)
        known = known || strcmp(kind, kinds[i]) == 0;
    if (argc != 3 || !kind || !reason)
        usage_error("hold needs KIND ID --kind K --reason R");
    if (!known)
        usage_error("--kind %s is unknown; allowed are dispute, promise_to_pay, pause, do_not_contact", kind);
    static const char *const abouts[] = {"invoice",     "facility",  "placement", "license",
                                         "application", "therapist", NULL};
    if (!g_strv_contains(abouts, argv[1]))
        usage_error("a hold is about an invoice, facility, placement, license, application or therapist, not '%s'",
                    argv[1]);
    if (strcmp(kind, "promise_to_pay") == 0 && !until)
        usage_error("a promise to pay needs --until DATE");
    if (until && parse_day_option("--until", until) < office_today(office))
        return refuse("--until %s is in the past", until);
    int code = place_hold(office, argv[1], argv[2], kind, until, reason);
    if (code == 0)
        printf("%s %s is held: %s\n", argv[1], argv[2], kind);
    return code;
}

int cmd_release(struct office *office, int argc, char **argv)
{
    if (argc != 2)
        usage_error("release needs the id of a hold");
    g_autofree char *agency = office_agency_text(office), *today = day_format(office_today(office));
    g_autofree char *about = g_strdup_printf("hold:%s", argv[1]);
    g_autofree char *none = g_strdup_printf("there is no hold '%s' in force", argv[1]);
    const char *const values[] = {agency, argv[1], today};
    int code = change(office, &sql_hold_release, 3, values, "hold.released", about, NULL, none);
    if (code == 0)
        printf("hold %s is released; the next plan sees it\n", argv[1]);
    return code;
}

static int set_paused(struct office *office, int argc, char **argv, gboolean paused)
{
    if (argc != 2)
        usage_error("%s needs the name of a room", argv[0]);
    if (!config_schedule(office->config, argv[1]))
        return refuse("there is no room '%s' with a schedule", argv[1]);
    g_autofree char *agency = office_agency_text(office), *now = now_text();
    g_autofree char *about = g_strdup_printf("schedule:%s", argv[1]);
    g_autofree char *none = g_strdup_printf("%s %s", argv[1], paused ? "is paused already" : "is not paused");
    const struct schedule *schedule = config_schedule(office->config, argv[1]);
    const char *const values[] = {agency, argv[1], paused ? office->actor : NULL, now, schedule->digest};
    int code = change(office, paused ? &sql_schedule_pause : &sql_schedule_resume, paused ? 5 : 2, values,
                      paused ? "schedule.paused" : "schedule.resumed", about, NULL, none);
    if (code == 0)
        printf("%s is %s\n", argv[1], paused ? "paused: it plans nothing until tickler resume" : "resumed");
    return code;
}

int cmd_pause(struct office *office, int argc, char **argv)
{
    return set_paused(office, argc, argv, TRUE);
}

int cmd_resume(struct office *office, int argc, char **argv)
{
    return set_paused(office, argc, argv, FALSE);
}

int cmd_retry(struct office *office, int argc, char **argv)
{
    if (argc != 2)
        usage_error("retry needs the number of a job");
    g_autofree char *agency = office_agency_text(office), *now = now_text();
    g_autofree char *about = g_strdup_printf("job:%s", argv[1]), *none = g_strdup_printf("there is no job %s", argv[1]);
    const char *const values[] = {agency, argv[1], now};
    int code = change(office, &sql_job_retry, 3, values, "job.retried", about, NULL, none);
    if (code == 0)
        printf("job %s is offered again\n", argv[1]);
    return code;
}

int cmd_release_storm(struct office *office, int argc, char **argv)
{
    if (argc != 2)
        usage_error("release-storm needs the name of a room");
    g_autofree char *agency = office_agency_text(office), *now = now_text();
    g_autofree char *about = g_strdup_printf("schedule:%s", argv[1]);
    g_autofree char *none = g_strdup_printf("no job of %s is held by the storm brake", argv[1]);
    const char *const values[] = {agency, argv[1], now};
    int code = change(office, &sql_storm_release, 3, values, "storm.released", about, NULL, none);
    if (code == 0)
        printf("%s: the held jobs go out\n", argv[1]);
    return code;
}
