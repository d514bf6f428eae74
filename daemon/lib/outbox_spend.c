/*
 * The places of a window's letters in the day's counts. One statement takes all that could be needed and so locks the
 * counts; what is above a cap, or was not needed after all, is given back before the window commits. So the caps hold
 * over all workers, and nobody ever sees a count above one.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "room_shared.h"

struct scope {
    int agency;
    char *name;
    int cap;
    int wanted, taken; /* by this window */
    int before;        /* others' */
    const struct party *asker;
};

struct scopes {
    GHashTable *known; /* "agency name" -> struct scope */
    GPtrArray *all;    /* in the order in which they were met */
};

static void scope_free(gpointer data)
{
    struct scope *scope = data;
    g_free(scope->name);
    g_free(scope);
}

static struct scope *find(const struct scopes *scopes, int agency, const char *name)
{
    g_autofree char *key = g_strdup_printf("%d %s", agency, name);
    return g_hash_table_lookup(scopes->known, key);
}

static gboolean is_staff(const char *role)
{
    for (int r = TO_PAYER + 1; r < RECIPIENTS; r++)
        if (strcmp(role, recipient_names[r]) == 0)
            return TRUE;
    return FALSE;
}

struct named_cap {
    char *name;
    int cap;
};

static void named_cap_clear(gpointer data)
{
    g_free(((struct named_cap *)data)->name);
}

static void add_cap(GArray *caps, char *name, int cap)
{
    const struct named_cap one = {.name = name, .cap = cap ? cap : G_MAXINT32}; /* a cap of 0 is none */
    g_array_append_val(caps, one);
}

/* What a letter counts against today: the room's letters to the party, and for each of its readers the room's letters
 * and those of all rooms. A person may be the contact of several parties. */
static GArray *caps_of(const struct desk *desk, const struct intent *intent)
{
    GArray *caps = g_array_new(FALSE, FALSE, sizeof(struct named_cap));
    g_array_set_clear_func(caps, named_cap_clear);
    const char *room = desk->room->name;
    int of_room = desk->schedule->per_party_per_day, of_all = desk->config->settings->party_per_day_total;
    add_cap(caps, g_strdup_printf("%s %s", intent->first->party, room), of_room);
    for (int i = 0; i < intent->count; i++) {
        if (is_staff(intent->people[i].role)) /* our own people hold up nobody's letter */
            continue;
        g_autofree char *address = g_ascii_strdown(intent->people[i].address, -1);
        add_cap(caps, g_strdup_printf("person %s %s", address, room), of_room);
        add_cap(caps, g_strdup_printf("person %s", address), of_all);
    }
    return caps;
}

/* The letters of one party are one contact, whatever their number. */
static void want(const struct scopes *scopes, const struct intent *intent, const struct named_cap *cap)
{
    struct scope *scope = find(scopes, intent->first->agency, cap->name);
    if (!scope) {
        scope = g_new0(struct scope, 1);
        *scope = (struct scope){.agency = intent->first->agency, .name = g_strdup(cap->name), .cap = cap->cap};
        g_hash_table_insert(scopes->known, g_strdup_printf("%d %s", scope->agency, scope->name), scope);
        g_ptr_array_add(scopes->all, scope);
    }
    if (scope->asker != intent->party)
        scope->wanted++;
    scope->asker = intent->party;
}

static gboolean take_all(struct desk *desk, const struct scopes *scopes, const char *today, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *names = db_array_new(), *wanted = db_array_new();
    for (guint i = 0; i < scopes->all->len; i++) {
        const struct scope *scope = scopes->all->pdata[i];
        db_array_add_int(agencies, scope->agency);
        db_array_add(names, scope->name);
        db_array_add_int(wanted, scope->wanted);
    }
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_spend_window, error, db_array_text(agencies),
                                                 db_array_text(names), db_array_text(wanted), today);
    for (int row = 0; rows && row < db_rows_count(rows); row++) {
        struct scope *scope = find(scopes, (int)db_int(rows, row, "agency_id"), db_text(rows, row, "scope"));
        scope->before = (int)db_int(rows, row, "count") - scope->wanted;
    }
    return rows != NULL;
}

static gboolean give_back(struct desk *desk, const struct scopes *scopes, const char *today, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *names = db_array_new(), *surplus = db_array_new();
    for (guint i = 0; i < scopes->all->len; i++) {
        const struct scope *scope = scopes->all->pdata[i];
        if (scope->wanted == scope->taken)
            continue;
        db_array_add_int(agencies, scope->agency);
        db_array_add(names, scope->name);
        db_array_add_int(surplus, scope->wanted - scope->taken);
    }
    return !db_array_length(names) || db_tell(desk->db, &sql_unspend, error, db_array_text(agencies),
                                              db_array_text(names), db_array_text(surplus), today) >= 0;
}

/* A place under every cap, or none at all. */
static gboolean take_place(const struct scopes *scopes, const struct intent *intent, const GArray *caps)
{
    g_autoptr(GPtrArray) needed = g_ptr_array_new();
    for (guint i = 0; i < caps->len; i++) {
        const char *name = g_array_index(caps, struct named_cap, i).name;
        struct scope *scope = find(scopes, intent->first->agency, name);
        if (g_hash_table_contains(intent->party->contacted, name) || g_ptr_array_find(needed, scope, NULL))
            continue;
        if (scope->before + scope->taken >= scope->cap)
            return FALSE;
        g_ptr_array_add(needed, scope);
    }
    for (guint i = 0; i < needed->len; i++) {
        struct scope *scope = needed->pdata[i];
        scope->taken++;
        g_hash_table_add(intent->party->contacted, g_strdup(scope->name));
    }
    return TRUE;
}

static void postpone(const struct desk *desk, struct intent *intent)
{
    instant tomorrow = zone_at(desk->schedule->zone, intent->party->today + 1, 0);
    intent->goes = FALSE;
    outbox_postpone_all(intent->wish, window_next(&desk->schedule->window, intent->people[0].zone, tomorrow),
                        "the day's letters to this party or person are spent");
}

static gboolean spend(struct desk *desk, const GPtrArray *counted, const struct scopes *scopes, GError **error)
{
    g_autoptr(GPtrArray) caps = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    for (guint i = 0; i < counted->len; i++) {
        GArray *own = caps_of(desk, counted->pdata[i]);
        g_ptr_array_add(caps, own);
        for (guint k = 0; k < own->len; k++)
            want(scopes, counted->pdata[i], &g_array_index(own, struct named_cap, k));
    }
    g_autofree char *today = day_format(((struct intent *)counted->pdata[0])->party->today);
    if (!take_all(desk, scopes, today, error))
        return FALSE;
    for (guint i = 0; i < counted->len; i++)
        if (!take_place(scopes, counted->pdata[i], caps->pdata[i]))
            postpone(desk, counted->pdata[i]);
    return give_back(desk, scopes, today, error);
}

gboolean outbox_spend(struct desk *desk, const GPtrArray *intents, GError **error)
{
    g_autoptr(GPtrArray) counted = g_ptr_array_new(), all = g_ptr_array_new_with_free_func(scope_free);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const struct scopes scopes = {.known = known, .all = all};
    for (guint i = 0; i < intents->len; i++) {
        struct intent *intent = intents->pdata[i];
        if (intent->goes && intent->counts)
            g_ptr_array_add(counted, intent);
    }
    return !counted->len || spend(desk, counted, &scopes, error);
}
