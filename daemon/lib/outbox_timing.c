/*
 * To whom a letter goes, and whether it may go now: roles and their stand-ins, the hours of the reader's own zone, the
 * gap between two letters, the day's counts. What must wait is postponed with the reason.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "room_shared.h"

/* --- whom */

static const struct zone *zone_or(const char *name, const struct zone *otherwise)
{
    const struct zone *zone = name ? zone_get(name) : NULL;
    return zone ? zone : otherwise;
}

gboolean outbox_find_people(struct desk *desk, const struct job *first, const struct letter_wish *wish,
                            struct addressing *ret, GError **error)
{
    const struct zone *of_party = zone_or(db_text(first->rows, first->row, "zone"), desk->schedule->zone);
    g_autofree char *agency = int_text(first->agency), *party = int_text(first->party_id);
    if (wish->to_address) {
        ret->rows = db_ask_with(desk->db, &sql_is_suppressed, error, agency, wish->to_address);
        if (ret->rows && db_rows_count(ret->rows) == 0)
            ret->people[ret->count++] = (struct person){"person", wish->to_name, wish->to_address, of_party};
        return ret->rows != NULL;
    }
    AUTO_ARRAY struct db_array *roles = db_array_new();
    for (int i = 0; i < wish->to_count; i++)
        db_array_add(roles, recipient_names[wish->to[i]]);
    g_autofree char *kind = g_strndup(first->party, strcspn(first->party, ":"));
    ret->rows = db_ask_with(desk->db, &sql_recipients, error, agency, party, db_array_text(roles), kind);
    for (int row = 0; ret->rows && row < MIN(db_rows_count(ret->rows), (int)ARRAY_LEN(ret->people)); row++)
        ret->people[ret->count++] =
            (struct person){db_text(ret->rows, row, "role"), db_text(ret->rows, row, "name"),
                            db_text(ret->rows, row, "email"), zone_or(db_text(ret->rows, row, "zone"), of_party)};
    return ret->rows != NULL;
}

static gboolean is_outside(const struct letter_wish *wish)
{
    return !wish->to_address && wish->to_count > 0 && wish->to[0] <= TO_PAYER;
}

/* --- when */

void outbox_postpone_all(const struct letter_wish *wish, instant until, const char *reason)
{
    for (guint i = 0; i < wish->jobs->len; i++)
        job_later(wish->jobs->pdata[i], until, "%s", reason);
}

static gboolean last_letter_day(struct desk *desk, const struct job *job, day *ret, GError **error)
{
    g_autofree char *agency = int_text(job->agency);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_last_letter, error, agency, job->party, desk->room->name);
    if (!rows)
        return FALSE;
    instant at;
    *ret = DAY_NONE;
    const char *text = db_text(rows, 0, "at");
    if (!text)
        return TRUE;
    if (!instant_parse(text, &at, error))
        return FALSE;
    *ret = zone_day(desk->schedule->zone, at);
    return TRUE;
}

struct scopes { /* parallel */
    struct db_array *names, *caps;
};

/* A cap of 0 is none. What this decision has its place of already is not counted twice. */
static void add_scope(const struct party *party, struct scopes *scopes, int cap, char *name)
{
    if (!g_hash_table_contains(party->contacted, name)) {
        db_array_add(scopes->names, name);
        db_array_add_int(scopes->caps, cap ? cap : G_MAXINT32);
    }
    g_free(name);
}

static gboolean is_staff(const char *role)
{
    for (int r = TO_PAYER + 1; r < RECIPIENTS; r++)
        if (strcmp(role, recipient_names[r]) == 0)
            return TRUE;
    return FALSE;
}

/* What a letter counts against today: the room's letters to the party, and for each of its readers the room's letters
 * and those of all rooms. A person may be the contact of several parties. */
static void add_scopes(const struct desk *desk, const struct party *party, const struct job *job,
                       const struct addressing *to, struct scopes *scopes)
{
    const char *room = desk->room->name;
    int of_room = desk->schedule->per_party_per_day, of_all = desk->config->settings->party_per_day_total;
    add_scope(party, scopes, of_room, g_strdup_printf("%s %s", job->party, room));
    for (int i = 0; i < to->count; i++) {
        if (is_staff(to->people[i].role)) /* our own people hold up nobody's letter */
            continue;
        g_autofree char *address = g_ascii_strdown(to->people[i].address, -1);
        add_scope(party, scopes, of_room, g_strdup_printf("person %s %s", address, room));
        add_scope(party, scopes, of_all, g_strdup_printf("person %s", address));
    }
}

/* A place in the day's count under every scope, or none at all: the caps are in the UPDATE's condition, so they hold
 * over all workers. *ret_spent says whether the places were taken. */
static gboolean spend(struct desk *desk, const struct job *job, struct party *party, const struct addressing *to,
                      gboolean *ret_spent, GError **error)
{
    AUTO_ARRAY struct db_array *names = db_array_new(), *caps = db_array_new(), *taken = db_array_new();
    struct scopes scopes = {names, caps};
    add_scopes(desk, party, job, to, &scopes);
    *ret_spent = TRUE;
    if (db_array_length(names) == 0)
        return TRUE;
    g_autofree char *agency = int_text(job->agency), *today = day_format(party->today);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_spend, error, agency, db_array_text(names), today, db_array_text(caps));
    if (!rows)
        return FALSE;
    *ret_spent = db_rows_count(rows) == (int)db_array_length(names);
    for (int row = 0; row < db_rows_count(rows); row++) {
        db_array_add(taken, db_text(rows, row, "scope"));
        if (*ret_spent)
            g_hash_table_add(party->contacted, g_strdup(db_text(rows, row, "scope")));
    }
    return *ret_spent || db_array_length(taken) == 0 ||
           db_tell(desk->db, &sql_unspend, error, agency, db_array_text(taken), today) >= 0;
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
static instant opens_at(const struct desk *desk, const struct addressing *to, instant now)
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

/* Whether min_gap has passed since the room last wrote to the party; when not, the wish is postponed. */
static gboolean keep_gap(struct desk *desk, const struct party *party, const struct letter_wish *wish,
                         const struct zone *zone, gboolean *ret_good, GError **error)
{
    day last = DAY_NONE;
    *ret_good = TRUE;
    if (!desk->schedule->min_gap.count || is_retried(desk, wish))
        return TRUE;
    if (!last_letter_day(desk, wish->jobs->pdata[0], &last, error))
        return FALSE;
    day earliest = last == DAY_NONE ? DAY_NONE : offset_day(&desk->schedule->min_gap, desk->schedule->calendar, last);
    if (last == DAY_NONE || party->today >= earliest)
        return TRUE;
    *ret_good = FALSE;
    outbox_postpone_all(wish, first_hour(desk, zone, earliest), "too soon after the last letter (min_gap)");
    return TRUE;
}

/* May this wish go out now? When not, its jobs are postponed with the reason. */
gboolean outbox_timely(struct desk *desk, struct party *party, const struct letter_wish *wish,
                       const struct addressing *to, gboolean *ret_now, GError **error)
{
    const struct job *job = wish->jobs->pdata[0];
    const struct zone *zone = to->people[0].zone;
    instant opens = opens_at(desk, to, party->now);
    *ret_now = FALSE;
    if (opens > party->now) {
        outbox_postpone_all(wish, opens, "outside the hours in which letters go out");
        return TRUE;
    }
    if (wish->free_of_gap || !is_outside(wish) || has_place_today(desk, party, wish)) {
        *ret_now = TRUE;
        return TRUE;
    }
    gboolean good = TRUE;
    if (!g_hash_table_size(party->contacted) && !keep_gap(desk, party, wish, zone, &good, error))
        return FALSE;
    if (!good)
        return TRUE;
    if (!spend(desk, job, party, to, ret_now, error))
        return FALSE;
    if (!*ret_now)
        outbox_postpone_all(wish, first_hour(desk, zone, party->today + 1),
                            "the day's letters to this party or person are spent");
    return TRUE;
}
