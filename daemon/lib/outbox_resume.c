/*
 * Letters that an earlier worker committed and did not settle. A transport that can be asked is asked (a Maildir by
 * file name); a relay cannot, so the letter is in doubt: a task, or the same bytes again, as if_unknown says.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "maildir.h"
#include "room_shared.h"

#define FRESH_US      SECONDS(120) /* a claim this old whose holder cannot be asked is given up */
#define LOOK_AGAIN_US SECONDS(5)

enum state { ALIVE, ASK_TRANSPORT, SETTLED, TRY_AGAIN };

static enum state state_of(const struct db_rows *rows, int row)
{
    const char *state = db_text(rows, row, "state");
    if (strcmp(state, "failed") == 0)
        return TRY_AGAIN;
    if (strcmp(state, "sending") != 0)
        return SETTLED;
    gboolean is_local, alive = process_is_alive(db_text(rows, row, "claimed_by"), &is_local);
    instant claimed_at = 0;
    gboolean read = instant_parse(db_text(rows, row, "claimed_at"), &claimed_at, NULL);
    gboolean ours = strcmp(db_text(rows, row, "claimed_by"), process_incarnation()) == 0;
    if (alive && !ours && (is_local || (read && clock_now() - claimed_at < FRESH_US)))
        return ALIVE;
    return ASK_TRANSPORT;
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

/* What the transport says of a letter whose sender died: sent, or may be sent (again), or nobody can know. */
static void ask_transport(struct desk *desk, struct claim *claim)
{
    const struct settings *settings = desk->config->settings;
    gboolean can_ask = !desk->relay && !desk->process.record;
    claim->delivered_before = can_ask && maildir_has(settings->maildir, claim->internet_id);
    if (claim->delivered_before) {
        claim->delivery = DELIVERY_SENT;
        claim->reply = g_strdup("found in the Maildir");
    } else if (desk->relay && !settings->resend_unknown) {
        claim->delivered_before = TRUE; /* not sent again: a person decides */
        claim->delivery = DELIVERY_UNKNOWN;
        claim->reply = g_strdup("the worker ended between sending and recording");
    }
}

static gboolean resume(struct desk *desk, const struct db_rows *rows, int row, GError **error)
{
    enum state state = state_of(rows, row);
    struct claim *claim = claim_of(rows, row);
    gboolean good = TRUE;
    if (state == ALIVE) {
        for (guint i = 0; good && i < claim->job_ids->len; i++)
            good = outbox_postpone(desk, g_array_index(claim->job_ids, gint64, i), clock_now() + LOOK_AGAIN_US,
                                   "another worker is sending it", FALSE, error);
        claim_free(claim);
        return good;
    }
    if (state == SETTLED) { /* sent or in doubt, and only the job's verdict is missing */
        claim->delivered_before = TRUE;
        claim->delivery = strcmp(db_text(rows, row, "state"), "sent") == 0 ? DELIVERY_SENT : DELIVERY_UNKNOWN;
        claim->reply = g_strdup(db_text(rows, row, "reply"));
    } else if (state == ASK_TRANSPORT) {
        ask_transport(desk, claim);
    }
    g_autofree char *agency = g_strdup_printf("%d", claim->agency), *now = instant_format(clock_now());
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, claim->message_id);
    good =
        state == SETTLED || db_tell(desk->db, &sql_message_reclaim, error, agency, id, process_incarnation(), now) >= 0;
    g_ptr_array_add(desk->claimed, claim);
    return good;
}

gboolean outbox_resume(struct desk *desk, const char *job_ids, GHashTable *ret_taken, GError **error)
{
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_message_of_jobs, error, job_ids);
    gboolean good = rows != NULL;
    for (int row = 0; good && row < db_rows_count(rows); row++) {
        g_auto(GStrv) ids = g_strsplit(db_text(rows, row, "job_ids"), " ", -1);
        for (char **id = ids; *id; id++) {
            gint64 *number = g_new(gint64, 1);
            *number = g_ascii_strtoll(*id, NULL, 10);
            g_hash_table_add(ret_taken, number);
        }
        good = resume(desk, rows, row, error);
    }
    return good;
}
