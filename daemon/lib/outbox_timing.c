/*
 * Whether the letters of a window may go now: the hours of the reader's own zone, the gap between two letters, the
 * day's counts. What must wait is postponed with the reason. Whatever the number of letters, each question is asked
 * once.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "room_shared.h"

static gboolean is_outside(const struct letter_wish *wish)
{
    return !wish->to_address && wish->to_count > 0 && wish->to[0] <= TO_PAYER;
}

void outbox_postpone_all(const struct letter_wish *wish, instant until, const char *reason)
{
    for (guint i = 0; i < wish->jobs->len; i++)
        job_later(wish->jobs->pdata[i], until, "%s", reason);
}

/* A try of today that brought nothing keeps its place in the day's count. */
static gboolean has_place_today(const struct desk *desk, const struct party *party, const struct letter_wish *wish)
{
    for (guint i = 0; i < wish->jobs->len; i++) {
        gpointer tried_on;
        if (g_hash_table_lookup_extended(desk->retried, &((struct job *)wish->jobs->pdata[i])->id, NULL, &tried_on) &&
            GPOINTER_TO_INT(tried_on) == party->today)
            return TRUE;
    }
    return FALSE;
}

/* The gap was kept at its first try; since then one of several people may have it. */
static gboolean is_retried(const struct desk *desk, const struct letter_wish *wish)
{
    for (guint i = 0; i < wish->jobs->len; i++)
        if (g_hash_table_contains(desk->retried, &((struct job *)wish->jobs->pdata[i])->id))
            return TRUE;
    return FALSE;
}

/* When the window is open for every reader, each in his own zone; for the first alone when it never is for all. */
static instant opens_at(const struct desk *desk, const struct intent *to, instant now)
{
    instant at = now;
    for (int round = 0; round < 4; round++) {
        instant before = at;
        for (int i = 0; i < to->count; i++)
            at = window_next(&desk->schedule->window, to->people[i].zone, at);
        if (at == before)
            return at;
    }
    return window_next(&desk->schedule->window, to->people[0].zone, now);
}

/* When a letter may go on a day: days are the schedule's, as the gaps and counts are kept; hours are the reader's. */
static instant first_hour(const struct desk *desk, const struct zone *reader, day on)
{
    return window_next(&desk->schedule->window, reader, zone_at(desk->schedule->zone, on, 0));
}

static gboolean counts_today(const struct desk *desk, const struct intent *intent)
{
    return is_outside(intent->wish) && !intent->wish->free_of_gap &&
           !has_place_today(desk, intent->party, intent->wish);
}

static void keep_hours(const struct desk *desk, struct intent *intent)
{
    instant opens = opens_at(desk, intent, intent->party->now);
    intent->goes = opens <= intent->party->now;
    intent->counts = counts_today(desk, intent);
    if (!intent->goes)
        outbox_postpone_all(intent->wish, opens, "outside the hours in which letters go out");
}

/* --- the gap */

static void keep_gap(const struct desk *desk, struct intent *intent, day last)
{
    day earliest = last == DAY_NONE ? DAY_NONE : offset_day(&desk->schedule->min_gap, desk->schedule->calendar, last);
    if (last == DAY_NONE || intent->party->today >= earliest)
        return;
    intent->goes = FALSE;
    outbox_postpone_all(intent->wish, first_hour(desk, intent->people[0].zone, earliest),
                        "too soon after the last letter (min_gap)");
}

static gboolean read_last(const struct desk *desk, const struct db_rows *rows, int row, day *ret, GError **error)
{
    instant at;
    const char *text = db_text(rows, row, "at");
    *ret = DAY_NONE;
    if (!text)
        return TRUE;
    if (!instant_parse(text, &at, error))
        return FALSE;
    *ret = zone_day(desk->schedule->zone, at);
    return TRUE;
}

/* Whether min_gap has passed since the room last wrote to each party. */
static gboolean keep_gaps(struct desk *desk, const GPtrArray *intents, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *parties = db_array_new();
    g_autoptr(GPtrArray) asked = g_ptr_array_new();
    for (guint i = 0; desk->schedule->min_gap.count && i < intents->len; i++) {
        struct intent *intent = intents->pdata[i];
        if (!intent->goes || !intent->counts || is_retried(desk, intent->wish))
            continue;
        db_array_add_int(agencies, intent->first->agency);
        db_array_add(parties, intent->first->party);
        g_ptr_array_add(asked, intent);
    }
    if (!asked->len)
        return TRUE;
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_last_letter, error, db_array_text(agencies),
                                                 db_array_text(parties), desk->room->name);
    gboolean good = rows != NULL;
    for (guint i = 0; good && i < asked->len; i++) {
        day last;
        good = read_last(desk, rows, (int)i, &last, error);
        if (good)
            keep_gap(desk, asked->pdata[i], last);
    }
    return good;
}

gboolean outbox_keep_hours(struct desk *desk, const GPtrArray *intents, GError **error)
{
    for (guint i = 0; i < intents->len; i++) {
        struct intent *intent = intents->pdata[i];
        if (intent->goes)
            keep_hours(desk, intent);
    }
    return keep_gaps(desk, intents, error);
}
