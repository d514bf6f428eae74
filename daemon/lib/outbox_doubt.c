/*
 * Letters that may have arrived, under `if_unknown: resend`: the same bytes go again under the same Message-ID, if the
 * room would still send that very letter now. Paid, held or suppressed meanwhile, or another letter by now: a person is
 * asked.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "room_shared.h"

gboolean outbox_reclaim(struct desk *desk, const struct claim *claim, const char *holder, GError **error)
{
    g_autofree char *agency = int_text(claim->agency), *now = instant_format(clock_now());
    g_autofree char *id = int_text(claim->message_id);
    gint64 touched = db_tell(desk->db, &sql_message_reclaim, error, agency, id, process_incarnation(), now, holder);
    if (touched == 0)
        g_set_error(error, DB_ERROR, DB_CONFLICT, "another worker has letter %s", id);
    return touched > 0;
}

/* A letter whose worker ended has no event of its doubt yet. */
static void tell_of_doubt(struct desk *desk, const struct claim *claim)
{
    g_autofree char *about = g_strdup_printf("message:%" G_GINT64_FORMAT, claim->message_id);
    if (!claim->on_record)
        desk_note(desk, claim->agency, "message.unknown", about, claim->reply);
}

gboolean outbox_send_again(struct desk *desk, const char *internet_id, gboolean *ret_is_doubt, GError **error)
{
    for (guint i = 0; i < desk->doubts->len; i++) {
        struct claim *claim = desk->doubts->pdata[i];
        if (strcmp(claim->internet_id, internet_id) != 0)
            continue;
        *ret_is_doubt = TRUE;
        tell_of_doubt(desk, claim);
        claim->on_record = FALSE;
        g_clear_pointer(&claim->reply, g_free);
        g_ptr_array_add(desk->claimed, g_ptr_array_steal_index(desk->doubts, i));
        return outbox_reclaim(desk, claim, claim->holder, error);
    }
    *ret_is_doubt = FALSE;
    return TRUE;
}

static gboolean has_job(const struct claim *claim, gint64 id)
{
    for (guint i = 0; i < claim->job_ids->len; i++)
        if (g_array_index(claim->job_ids, gint64, i) == id)
            return TRUE;
    return FALSE;
}

/* Its jobs have their verdicts without it. */
static gboolean ask_a_person(struct desk *desk, struct claim *claim, GError **error)
{
    claim->delivered_before = TRUE;
    claim->delivery = DELIVERY_UNKNOWN;
    g_array_set_size(claim->job_ids, 0);
    g_ptr_array_add(desk->claimed, claim);
    return claim->on_record || outbox_reclaim(desk, claim, claim->holder, error);
}

struct party *outbox_next_doubt(struct desk *desk, const struct db_rows *rows, GHashTable *taken, instant now)
{
    const struct claim *claim = desk->doubts->pdata[0];
    struct party *party = party_new(desk->schedule, zone_day(desk->schedule->zone, now), now);
    for (int row = 0; row < db_rows_count(rows); row++) {
        gint64 id = db_int(rows, row, "job_id");
        if (has_job(claim, id) && g_hash_table_add(taken, g_memdup2(&id, sizeof id)))
            g_ptr_array_add(party->jobs, window_read_job(desk, rows, row));
    }
    return party;
}

gboolean outbox_settle_doubts(struct desk *desk, const struct party *party, const struct claim *first, GError **error)
{
    gboolean good = TRUE;
    for (guint i = desk->doubts->len; good && i-- > 0;) {
        struct claim *claim = desk->doubts->pdata[i];
        gboolean is_decided = claim == first, waits = FALSE;
        for (guint k = 0; k < party->jobs->len; k++) {
            const struct job *job = party->jobs->pdata[k];
            is_decided = is_decided || has_job(claim, job->id);
            waits = waits || (has_job(claim, job->id) && job->verdict == VERDICT_LATER);
        }
        if (!is_decided)
            continue;
        claim = g_ptr_array_steal_index(desk->doubts, i);
        if (waits)
            claim_free(claim); /* as it was, until its jobs come again */
        else
            good = ask_a_person(desk, claim, error);
    }
    return good;
}
