/* To whom the letters of a window go: roles and their stand-ins, each reader with his own zone; one question for all.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "room_shared.h"

static const struct zone *zone_or(const char *name, const struct zone *otherwise)
{
    const struct zone *zone = name ? zone_get(name) : NULL;
    return zone ? zone : otherwise;
}

static const struct zone *zone_of_party(const struct desk *desk, const struct job *job)
{
    return zone_or(db_text(job->rows, job->row, "zone"), desk->schedule->zone);
}

static char *roles_of(const struct letter_wish *wish)
{
    g_autoptr(GString) roles = g_string_new(NULL);
    for (int i = 0; i < wish->to_count; i++)
        g_string_append_printf(roles, "%s%s", i ? " " : "", recipient_names[wish->to[i]]);
    return g_strdup(roles->str);
}

/* `asked` holds struct intent: those whose wish names roles. */
static gboolean find_by_roles(struct desk *desk, const GPtrArray *asked, struct db_rows **ret_rows, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *parties = db_array_new();
    AUTO_ARRAY struct db_array *roles = db_array_new(), *kinds = db_array_new();
    for (guint i = 0; i < asked->len; i++) {
        const struct intent *intent = asked->pdata[i];
        const char *party = intent->first->party;
        g_autofree char *kind = g_strndup(party, strcspn(party, ":")), *names = roles_of(intent->wish);
        db_array_add_int(agencies, intent->first->agency);
        db_array_add_int(parties, intent->first->party_id);
        db_array_add(roles, names);
        db_array_add(kinds, kind);
    }
    if (!asked->len)
        return TRUE;
    struct db_rows *rows = db_ask_with(desk->db, &sql_recipients, error, db_array_text(agencies),
                                       db_array_text(parties), db_array_text(roles), db_array_text(kinds));
    *ret_rows = rows;
    for (int row = 0; rows && row < db_rows_count(rows); row++) {
        struct intent *intent = asked->pdata[db_int(rows, row, "place") - 1];
        if (intent->count < (int)ARRAY_LEN(intent->people))
            intent->people[intent->count++] =
                (struct person){db_text(rows, row, "role"), db_text(rows, row, "name"), db_text(rows, row, "email"),
                                zone_or(db_text(rows, row, "zone"), zone_of_party(desk, intent->first))};
    }
    return rows != NULL;
}

/* `asked` holds struct intent: those whose wish names a person. */
static gboolean find_by_address(struct desk *desk, const GPtrArray *asked, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *addresses = db_array_new();
    for (guint i = 0; i < asked->len; i++) {
        struct intent *intent = asked->pdata[i];
        const struct letter_wish *wish = intent->wish;
        db_array_add_int(agencies, intent->first->agency);
        db_array_add(addresses, wish->to_address);
        intent->people[0] =
            (struct person){"person", wish->to_name, wish->to_address, zone_of_party(desk, intent->first)};
        intent->count = 1;
    }
    if (!asked->len)
        return TRUE;
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_is_suppressed, error, db_array_text(agencies), db_array_text(addresses));
    for (int row = 0; rows && row < db_rows_count(rows); row++)
        ((struct intent *)asked->pdata[db_int(rows, row, "place") - 1])->count = 0;
    return rows != NULL;
}

gboolean outbox_find_people(struct desk *desk, const GPtrArray *intents, struct db_rows **ret_rows, GError **error)
{
    g_autoptr(GPtrArray) by_roles = g_ptr_array_new(), by_address = g_ptr_array_new();
    for (guint i = 0; i < intents->len; i++) {
        const struct intent *intent = intents->pdata[i];
        g_ptr_array_add(intent->wish->to_address ? by_address : by_roles, intents->pdata[i]);
    }
    return find_by_roles(desk, by_roles, ret_rows, error) && find_by_address(desk, by_address, error);
}
