/* A room that stands still is a person's matter: one open task for each agency and room. */
#include "parked.h"

#include <glib/gstdio.h>
#include <string.h>

#include "desk.h"
#include "log.h"
#include "rooms.h"
#include "ticklerd-scheduler_sql.h"

#define LOOK_EVERY_US SECONDS(2)

static gint64 look_at; /* monotonic */

static gboolean raise_for(struct office *office, int agency, const char *room, const char *why, GError **error)
{
    g_autofree char *matter = g_strdup_printf("%s stands still", room);
    g_autofree char *party = g_strdup_printf("schedule:%s", room);
    g_autofree char *reason =
        g_strdup_printf("%s. Its jobs wait, nothing is lost, the other rooms go on. Tell an admin; "
                        "once it is mended: tickler reload",
                        why);
    const struct desk_task task = {.agency = agency,
                                   .worker = room,
                                   .step = "parked",
                                   .party = party,
                                   .matter = matter,
                                   .subjects = "{}",
                                   .title = "A room ends whenever it is started",
                                   .reason = reason,
                                   .role = "va_lead",
                                   .priority = "urgent",
                                   .due_on = (day)(clock_now() / SECONDS(86400)),
                                   .now = clock_now()};
    gint64 id;
    return desk_raise(office->db, &task, &id, error);
}

static gboolean raise_for_all(struct office *office, const char *room, const char *why, GError **error)
{
    gboolean good = db_begin(office->db, error);
    AUTO_ROWS struct db_rows *agencies = good ? db_ask(office->db, &sql_agencies, 0, NULL, error) : NULL;
    good = agencies != NULL;
    for (int row = 0; good && row < db_rows_count(agencies); row++)
        good = raise_for(office, (int)db_int(agencies, row, "agency_id"), room, why, error);
    if (good && db_commit(office->db, error))
        return TRUE;
    db_rollback(office->db);
    return FALSE;
}

/* "invoice_escalation-2" holds why that process is parked. */
static void take(struct office *office, const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL), *why = NULL;
    g_autofree char *room = g_strndup(name, strcspn(name, "-"));
    g_autoptr(GError) error = NULL;
    if (!rooms_find(room) || !g_file_get_contents(path, &why, NULL, &error))
        return;
    if (raise_for_all(office, room, why, &error))
        g_unlink(path); /* should we end before: the matter has its open task */
    else
        log_warning("the task about %s: %s", room, error->message);
}

void parked_tick(struct office *office)
{
    if (clock_is_virtual() || clock_mono() < look_at)
        return;
    look_at = clock_mono() + LOOK_EVERY_US;
    g_autofree char *dir = process_run_path(office->process.dir, "parked");
    g_autoptr(GDir) files = g_dir_open(dir, 0, NULL);
    for (const char *name; files && (name = g_dir_read_name(files));)
        take(office, dir, name);
}
