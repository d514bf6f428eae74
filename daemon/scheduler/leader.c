/* The term of leadership, by one row of table leader. */
#include "leader.h"

#include "kill_point.h"
#include "log.h"
#include "ticklerd-scheduler_sql.h"

#define TERM_US      SECONDS(5)
#define LONG_TERM_US SECONDS(60)
#define MARGIN_US    SECONDS(1)
#define RENEW_US     SECONDS(1)

static gint64 trusted_until, renew_at; /* monotonic */

static gboolean holder_is_dead(struct office *office)
{
    AUTO_ROWS struct db_rows *rows = db_ask(office->db, &sql_leader_holder, 0, NULL, NULL);
    gboolean is_local;
    return rows && db_rows_count(rows) && !process_is_alive(db_text(rows, 0, "holder"), &is_local) && is_local;
}

static void lose_term(struct office *office, const char *why)
{
    if (office->term)
        log_warning("no longer leading, term %" G_GINT64_FORMAT " is over: %s", office->term, why);
    office->term = 0;
}

static gboolean take_term(struct office *office, gint64 lasts)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *now = instant_format(clock_wall()), *until = instant_format(clock_wall() + lasts);
    gint64 begun = clock_mono();
    const char *dead = holder_is_dead(office) ? "true" : "false";
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, &sql_leader_take, &error, process_incarnation(), now, until, dead);
    if (!rows) {
        log_debug("%s", error->message);
        return FALSE;
    }
    if (db_rows_count(rows) == 0) {
        lose_term(office, "another scheduler leads");
        return FALSE;
    }
    gint64 term = db_int(rows, 0, "term");
    if (term != office->term) {
        KILL_POINT(scheduler, term_taken);
        log_info("leading, term %" G_GINT64_FORMAT, term);
    }
    office->term = term;
    trusted_until = begun + lasts - MARGIN_US;
    renew_at = begun + RENEW_US;
    return TRUE;
}

gboolean leader_hold(struct office *office)
{
    if (office->term && clock_mono() < renew_at)
        return TRUE;
    if (!db_is_lost(office->db) && take_term(office, TERM_US))
        return TRUE;
    if (clock_mono() >= trusted_until)
        lose_term(office, "it could not be renewed");
    return office->term != 0;
}

gboolean leader_is_sure(const struct office *office)
{
    return office->term && clock_mono() < trusted_until;
}

void leader_extend(struct office *office)
{
    (void)take_term(office, LONG_TERM_US);
}

gboolean leader_guard(void *with, GError **error)
{
    struct office *office = with;
    g_autofree char *term = g_strdup_printf("%" G_GINT64_FORMAT, office->term);
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_leader_guard, error, process_incarnation(), term);
    if (!rows)
        return FALSE;
    if (db_rows_count(rows))
        return TRUE;
    g_set_error(error, DB_ERROR, DB_CONFLICT, "term %s is over: another scheduler leads, nothing was written", term);
    return FALSE;
}

void leader_leave(struct office *office)
{
    if (office->term && !db_is_lost(office->db))
        (void)!db_tell(office->db, &sql_leader_leave, NULL, process_incarnation());
    office->term = 0;
}
