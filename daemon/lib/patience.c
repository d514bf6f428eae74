/* Waiting for Postgres, by the process as a whole: it has one connection. */
#include "patience.h"

#include "clock.h"
#include "control.h"
#include "log.h"
#include "process.h"

#define FIRST_US   (SECONDS(1) / 4)
#define LONGEST_US SECONDS(2)
#define REMIND_US  SECONDS(60)
#define LOOK_US    SECONDS(5)

static gint64 said_at;   /* monotonic; 0: nothing is wrong */
static gint64 failed_at; /* monotonic: last */
static gint64 pause_us = FIRST_US;

void patience_failed(const GError *error)
{
    control_trouble(error->message);
    failed_at = clock_mono();
    if (said_at && clock_mono() - said_at < REMIND_US)
        return;
    said_at = clock_mono();
    log_warning("waiting for Postgres: %s", error->message);
}

void patience_wait(const GError *error)
{
    patience_failed(error);
    gint64 until = clock_mono() + pause_us;
    while (clock_mono() < until && !process_should_stop())
        g_usleep((gulong)CLAMP(until - clock_mono(), 0, FIRST_US));
    if (process_should_stop())
        g_usleep(FIRST_US); /* who insists on a last word still does not spin */
    pause_us = MIN(2 * pause_us, LONGEST_US);
}

void patience_over(void)
{
    pause_us = FIRST_US;
    if (!said_at)
        return;
    said_at = 0;
    control_trouble(NULL);
    log_info("Postgres is back");
}

void patience_look(struct db *db)
{
    if (!said_at || clock_mono() - failed_at < LOOK_US)
        return;
    failed_at = clock_mono();
    if (!db_is_lost(db) || db_reopen(db, NULL))
        patience_over();
}

struct db *patience_open(const char *url, const char *who, GError **error)
{
    for (;;) {
        g_clear_error(error);
        struct db *db = db_open_pinned(url, who, error);
        if (db)
            patience_over();
        if (db || process_should_stop())
            return db;
        patience_wait(*error);
    }
}

gboolean patience_reopen(struct db *db, gint64 most_us)
{
    gint64 until = clock_mono() + most_us;
    while (db_is_lost(db)) {
        g_autoptr(GError) error = NULL;
        if (process_should_stop() || clock_mono() > until)
            return FALSE;
        if (!db_reopen(db, &error))
            patience_wait(error);
    }
    return TRUE;
}
