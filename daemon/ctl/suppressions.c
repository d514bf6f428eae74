/* suppressions, suppress, unsuppress: addresses that nobody writes to. Each change has its event; the list has the
 * reasons. */
#include <stdio.h>

#include "commands_all.h"
#include "desk.h"
#include "letter.h"
#include "tickler_sql.h"

int cmd_suppressions(struct office *office, int argc, char **argv)
{
    if (argc != 1)
        usage_error("%s takes no words", argv[0]);
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_suppressions, &error, agency);
    if (!rows)
        return refuse_error(error);
    print_rows(office, rows, "no address is suppressed");
    return 0;
}

/* Commits the change with its event when it touched a row; answers 0, or 1 after saying `none`. */
static int finish(struct office *office, gint64 touched, const char *kind, const char *address, const char *reason,
                  const char *none, GError **error)
{
    if (touched > 0 &&
        desk_suppression_event(office->db, office->agency, clock_now(), office->actor, kind, address, reason, error) &&
        db_commit(office->db, error))
        return 0;
    db_rollback(office->db);
    return touched == 0 ? refuse("%s is %s", address, none) : refuse_error(*error);
}

int cmd_suppress(struct office *office, int argc, char **argv)
{
    char *reason = NULL;
    GOptionEntry entries[] = {{"reason", 0, 0, G_OPTION_ARG_STRING, &reason, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    if (argc != 2 || !reason || !*reason)
        usage_error("suppress needs ADDRESS --reason R");
    const char *why;
    if (!letter_address_ok(argv[1], &why))
        return refuse("'%s' is no mail address: %s", argv[1], why);
    g_autofree char *agency = office_agency_text(office), *now = now_text();
    g_autoptr(GError) error = NULL;
    if (!db_begin(office->db, &error))
        return refuse_error(error);
    gint64 touched = db_tell(office->db, &sql_suppression_put, &error, agency, argv[1], reason, now, office->actor);
    int code = finish(office, touched, "address.suppressed", argv[1], reason, "suppressed already", &error);
    if (code == 0)
        printf("%s gets no more letters\n", argv[1]);
    return code;
}

int cmd_unsuppress(struct office *office, int argc, char **argv)
{
    if (argc != 2)
        usage_error("unsuppress needs an address");
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    if (!db_begin(office->db, &error))
        return refuse_error(error);
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_suppression_lift, &error, agency, argv[1]);
    gint64 touched = rows ? db_rows_count(rows) : -1;
    g_autofree char *was = touched > 0 ? g_strdup_printf("was: %s", db_text(rows, 0, "reason")) : NULL;
    int code = finish(office, touched, "address.released", argv[1], was, "not suppressed", &error);
    if (code == 0)
        printf("%s gets letters again; what was not sent meanwhile is not sent by itself\n", argv[1]);
    return code;
}
