/*
 * Letters of jobs that are still open, from an earlier worker or an earlier try. A transport that can be asked is asked
 * (a Maildir by file name); a relay cannot, so the letter is in doubt: a task, or the same bytes again
 * (outbox_doubt.c), as if_unknown says. What never left is not sent as it was: time has passed, so its jobs are looked
 * at again like new ones.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "maildir.h"
#include "room_shared.h"

#define RECORDING_US  SECONDS(30) /* for an answer to be written down */
#define LOOK_AGAIN_US SECONDS(5)

enum state { ALIVE, IN_DOUBT, DELIVERED, SETTLED, NEVER_LEFT, COPY, HAS_IT, MAY_GO_AGAIN };

/* A claim whose holder cannot be asked is given up when its last letter cannot be under way any more. */
static gint64 given_up_after(const struct desk *desk)
{
    return CLAIM_LEASE_US + SECONDS(desk->config->settings->relay_timeout_s) + RECORDING_US;
}

static enum state state_of(const struct desk *desk, const struct db_rows *rows, int row)
{
    const char *state = db_text(rows, row, "state");
    if (strcmp(state, "failed") == 0)
        return NEVER_LEFT;
    gboolean resend = desk->relay && desk->config->settings->resend_unknown;
    if (strcmp(state, "sending") != 0)
        return resend && strcmp(state, "unknown") == 0 ? MAY_GO_AGAIN : SETTLED;
    gboolean is_local, alive = process_is_alive(db_text(rows, row, "claimed_by"), &is_local);
    instant claimed_at = 0;
    gboolean read = instant_parse(db_text(rows, row, "claimed_at"), &claimed_at, NULL);
    gboolean ours = strcmp(db_text(rows, row, "claimed_by"), process_incarnation()) == 0;
    if (alive && !ours && (is_local || (read && clock_now() - claimed_at < given_up_after(desk))))
        return ALIVE;
    if (desk->relay)
        return resend ? MAY_GO_AGAIN : IN_DOUBT;
    gboolean can_ask = !desk->process.record;
    return can_ask && maildir_has(desk->config->settings->maildir, db_text(rows, row, "internet_id")) ? DELIVERED
                                                                                                      : NEVER_LEFT;
}

static gboolean share_a_job(const struct db_rows *rows, int row, int other)
{
    g_auto(GStrv) ids = g_strsplit(db_text(rows, row, "job_ids"), " ", -1);
    g_auto(GStrv) others = g_strsplit(db_text(rows, other, "job_ids"), " ", -1);
    for (char **id = ids; *id; id++)
        if (g_strv_contains((const char *const *)others, *id))
            return TRUE;
    return FALSE;
}

/* A letter to several people. Where a worker ended in the middle of it, those after it get the very same one at once;
 * where one has it on record and another was refused for now or is in doubt, the step is decided anew for the other
 * alone. */
static void look_at_copies(const struct db_rows *rows, enum state *states)
{
    for (int row = 0; row < db_rows_count(rows); row++)
        for (int other = 0; states[row] == NEVER_LEFT && other < db_rows_count(rows); other++)
            if (states[other] <= DELIVERED && share_a_job(rows, row, other))
                states[row] = COPY;
    for (int row = 0; row < db_rows_count(rows); row++)
        for (int other = 0; states[row] == SETTLED && other < db_rows_count(rows); other++)
            if ((states[other] == NEVER_LEFT || states[other] == MAY_GO_AGAIN) && share_a_job(rows, row, other))
                states[row] = HAS_IT;
}

static GBytes *bytes_of(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();
    for (hex += 2; hex[0] && hex[1]; hex += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(bytes, &byte, 1);
    }
    return g_byte_array_free_to_bytes(bytes);
}

static struct claim *claim_of(const struct db_rows *rows, int row)
{
    struct claim *claim = g_new0(struct claim, 1);
    *claim = (struct claim){.agency = (int)db_int(rows, row, "agency_id"),
                            .message_id = db_int(rows, row, "message_id"),
                            .internet_id = g_strdup(db_text(rows, row, "internet_id")),
                            .address = g_strdup(db_text(rows, row, "address")),
                            .recipient = g_strdup(db_text(rows, row, "recipient")),
                            .party = g_strdup(db_text(rows, row, "party")),
                            .subjects = g_strdup(db_text(rows, row, "subjects")),
                            .tries = (int)db_int(rows, row, "tries"),
                            .claimed_mono = clock_mono()};
    claim->letter = bytes_of(db_text(rows, row, "letter"));
    claim->job_ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_auto(GStrv) ids = g_strsplit(db_text(rows, row, "job_ids"), " ", -1);
    for (char **id = ids; *id; id++) {
        gint64 number = g_ascii_strtoll(*id, NULL, 10);
        g_array_append_val(claim->job_ids, number);
    }
    return claim;
}

static gboolean look_again(struct desk *desk, const struct claim *claim, GError **error)
{
    gboolean good = TRUE;
    for (guint i = 0; good && i < claim->job_ids->len; i++)
        good = outbox_postpone(desk, g_array_index(claim->job_ids, gint64, i), clock_now() + LOOK_AGAIN_US,
                               "another worker is sending it", FALSE, error);
    return good;
}

static const char when_ended[] = "the worker ended between sending and recording";

static void settle(struct claim *claim, enum delivery delivery, const char *reply)
{
    claim->delivered_before = TRUE; /* not sent again */
    claim->delivery = delivery;
    claim->reply = g_strdup(reply);
}

static gboolean resume(struct desk *desk, const struct db_rows *rows, int row, enum state state, GError **error)
{
    struct claim *claim = claim_of(rows, row);
    if (state == ALIVE) {
        gboolean good = look_again(desk, claim, error);
        claim_free(claim);
        return good;
    }
    claim->on_record = state == SETTLED;
    if (state == SETTLED)
        settle(claim, strcmp(db_text(rows, row, "state"), "sent") == 0 ? DELIVERY_SENT : DELIVERY_UNKNOWN,
               db_text(rows, row, "reply"));
    else if (state == DELIVERED)
        settle(claim, DELIVERY_SENT, "found in the Maildir");
    else if (state == IN_DOUBT)
        settle(claim, DELIVERY_UNKNOWN, when_ended);
    g_ptr_array_add(desk->claimed, claim);
    return state == SETTLED || outbox_reclaim(desk, claim, db_text(rows, row, "claimed_by"), error);
}

static void add_ids(const struct db_rows *rows, int row, GHashTable *set, day value)
{
    g_auto(GStrv) ids = g_strsplit(db_text(rows, row, "job_ids"), " ", -1);
    for (char **id = ids; *id; id++) {
        gint64 *number = g_new(gint64, 1);
        *number = g_ascii_strtoll(*id, NULL, 10);
        g_hash_table_insert(set, number, GINT_TO_POINTER(value));
    }
}

/* Its jobs are decided as if it had not gone; outbox_doubt.c sees whether the very same letter comes of that. */
static gboolean put_in_doubt(struct desk *desk, const struct db_rows *rows, int row, GError **error)
{
    instant tried_at;
    if (!instant_parse(db_text(rows, row, "claimed_at"), &tried_at, error))
        return FALSE;
    add_ids(rows, row, desk->retried, zone_day(desk->schedule->zone, tried_at));
    struct claim *claim = claim_of(rows, row);
    claim->in_doubt = TRUE;
    claim->holder = g_strdup(db_text(rows, row, "claimed_by"));
    claim->on_record = strcmp(db_text(rows, row, "state"), "unknown") == 0;
    claim->reply = g_strdup(claim->on_record ? db_text(rows, row, "reply") : when_ended);
    g_ptr_array_add(desk->doubts, claim);
    return TRUE;
}

static gboolean start_anew(struct desk *desk, const struct db_rows *rows, int row, GError **error)
{
    instant tried_at;
    if (!instant_parse(db_text(rows, row, "claimed_at"), &tried_at, error))
        return FALSE;
    add_ids(rows, row, desk->retried, zone_day(desk->schedule->zone, tried_at));
    const char *id = db_text(rows, row, "message_id");
    gint64 touched = db_tell(desk->db, &sql_message_not_sent, error, db_text(rows, row, "agency_id"), id);
    if (touched > 0) {
        g_autofree char *about = g_strdup_printf("message:%s", id);
        desk_note(desk, (int)db_int(rows, row, "agency_id"), "message.failed", about,
                  "its worker ended before it was sent");
    }
    return touched >= 0;
}

gboolean outbox_resume(struct desk *desk, const struct db_rows *rows, GHashTable *ret_taken, GError **error)
{
    g_autofree enum state *states = g_new(enum state, (gsize)db_rows_count(rows));
    for (int row = 0; row < db_rows_count(rows); row++)
        states[row] = state_of(desk, rows, row);
    look_at_copies(rows, states);
    gboolean good = TRUE;
    for (int row = 0; good && row < db_rows_count(rows); row++) {
        if (states[row] == NEVER_LEFT)
            good = start_anew(desk, rows, row, error);
        else if (states[row] == MAY_GO_AGAIN)
            good = put_in_doubt(desk, rows, row, error);
        if (states[row] == NEVER_LEFT || states[row] == HAS_IT || states[row] == MAY_GO_AGAIN)
            continue;
        add_ids(rows, row, ret_taken, 0);
        good = resume(desk, rows, row, states[row], error);
    }
    return good;
}
