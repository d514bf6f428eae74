/* messages, message, jobs, runs: listings, each one question with the same filters. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "tickler_sql.h"

static int list(struct office *office, int argc, char **argv, const struct sql *sql, const char *when_empty)
{
    char *worker = NULL, *state = NULL, *since = NULL, *party = NULL;
    GOptionEntry entries[] = {{"worker", 0, 0, G_OPTION_ARG_STRING, &worker, NULL, NULL},
                              {"state", 0, 0, G_OPTION_ARG_STRING, &state, NULL, NULL},
                              {"since", 0, 0, G_OPTION_ARG_STRING, &since, NULL, NULL},
                              {"party", 0, 0, G_OPTION_ARG_STRING, &party, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    if (argc != 1)
        usage_error("%s takes no words but its filters", argv[0]);
    if (since)
        (void)parse_day_option("--since", since);
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, sql, &error, agency, worker, state, since, party);
    if (!rows)
        return refuse_error(error);
    print_rows(office, rows, when_empty);
    return 0;
}

int cmd_messages(struct office *office, int argc, char **argv)
{
    return list(office, argc, argv, office->json ? &sql_messages_json : &sql_messages, "no letters");
}

int cmd_jobs(struct office *office, int argc, char **argv)
{
    return list(office, argc, argv, &sql_jobs, "the queue is empty");
}

int cmd_runs(struct office *office, int argc, char **argv)
{
    return list(office, argc, argv, &sql_runs, "no schedule has come to its hour yet");
}

int cmd_message(struct office *office, int argc, char **argv)
{
    if (argc != 2)
        usage_error("message needs the number of a letter");
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_message_text, &error, agency, argv[1]);
    if (!rows)
        return refuse_error(error);
    if (db_rows_count(rows) == 0)
        return refuse("there is no letter %s", argv[1]);
    printf("state: %s%s%s\n\n%s\n", db_text(rows, 0, "state"), db_is_null(rows, 0, "reply") ? "" : ", ",
           db_is_null(rows, 0, "reply") ? "" : db_text(rows, 0, "reply"), db_text(rows, 0, "letter"));
    return 0;
}
