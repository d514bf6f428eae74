/*
 * The letters of a window into the outbox, many by one statement; whatever their number, as few bytes at once as memory
 * and the wire take easily.
 */
#include <string.h>

#include "libtickler_sql.h"
#include "room_shared.h"

#define BYTES_AT_ONCE (4 * 1024 * 1024)

void draft_free(gpointer data)
{
    struct draft *draft = data;
    g_free(draft->subject);
    g_free(draft);
}

/* Says FALSE: the window is tried again, and finds the other worker's claim. */
static gboolean is_anothers(const struct job *job, GError **error)
{
    g_set_error(error, DB_ERROR, DB_CONFLICT, "job %" G_GINT64_FORMAT ": another worker has its letter", job->id);
    return FALSE;
}

static void add_hex(GString *text, GBytes *bytes)
{
    static const char digits[] = "0123456789abcdef";
    gsize size, at = text->len;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_string_set_size(text, at + 2 * size);
    for (gsize i = 0; i < size; i++) {
        text->str[at++] = digits[data[i] >> 4];
        text->str[at++] = digits[data[i] & 15];
    }
}

/* The message ids of drafts from their Message-IDs; FALSE when one has no row: another worker has it. */
static gboolean take_ids(struct draft *const *drafts, guint n, const struct db_rows *rows, GError **error)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (int row = 0; row < db_rows_count(rows); row++)
        g_hash_table_insert(ids, (gpointer)db_text(rows, row, "internet_id"), GINT_TO_POINTER(row + 1));
    for (guint i = 0; i < n; i++) {
        int row = GPOINTER_TO_INT(g_hash_table_lookup(ids, drafts[i]->claim->internet_id));
        if (!row)
            return is_anothers(drafts[i]->intent->first, error);
        drafts[i]->claim->message_id = db_int(rows, row - 1, "message_id");
    }
    return TRUE;
}

static gboolean put_some(struct desk *desk, struct draft *const *drafts, guint n, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *steps = db_array_new(), *parties = db_array_new();
    AUTO_ARRAY struct db_array *recipients = db_array_new(), *addresses = db_array_new();
    AUTO_ARRAY struct db_array *templates = db_array_new(), *subjects = db_array_new(), *ids = db_array_new();
    AUTO_ARRAY struct db_array *sizes = db_array_new();
    g_autoptr(GString) letters = g_string_new("\\x");
    for (guint i = 0; i < n; i++) {
        const struct claim *claim = drafts[i]->claim;
        db_array_add_int(agencies, claim->agency);
        db_array_add(steps, drafts[i]->intent->wish->step_id);
        db_array_add(parties, claim->party);
        db_array_add(recipients, claim->recipient);
        db_array_add(addresses, claim->address);
        db_array_add(templates, drafts[i]->intent->wish->template);
        db_array_add(subjects, drafts[i]->subject);
        db_array_add(ids, claim->internet_id);
        db_array_add_int(sizes, (gint64)g_bytes_get_size(claim->letter));
        add_hex(letters, claim->letter);
    }
    g_autofree char *now = instant_format(drafts[0]->intent->party->now);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_message_put, error, db_array_text(agencies), desk->room->name, db_array_text(steps),
                    db_array_text(parties), db_array_text(recipients), db_array_text(addresses),
                    db_array_text(templates), db_array_text(subjects), db_array_text(ids), letters->str,
                    db_array_text(sizes), process_incarnation(), now);
    return rows && take_ids(drafts, n, rows, error);
}

static gboolean put_letters(struct desk *desk, const GPtrArray *drafts, GError **error)
{
    for (guint from = 0, to = 0; from < drafts->len; from = to) {
        gsize bytes = 0;
        do
            bytes += g_bytes_get_size(((struct draft *)drafts->pdata[to++])->claim->letter);
        while (to < drafts->len && bytes < BYTES_AT_ONCE);
        if (!put_some(desk, (struct draft *const *)drafts->pdata + from, to - from, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean put_steps(struct desk *desk, const GPtrArray *drafts, GError **error)
{
    AUTO_ARRAY struct db_array *agencies = db_array_new(), *subject_ids = db_array_new(), *cycles = db_array_new();
    AUTO_ARRAY struct db_array *steps = db_array_new(), *subjects = db_array_new(), *recipients = db_array_new();
    AUTO_ARRAY struct db_array *messages = db_array_new();
    for (guint i = 0; i < drafts->len; i++) {
        const struct draft *draft = drafts->pdata[i];
        for (guint k = 0; k < draft->intent->wish->jobs->len; k++) {
            const struct job *job = draft->intent->wish->jobs->pdata[k];
            g_autofree char *cycle = day_format(job->cycle);
            db_array_add_int(agencies, job->agency);
            db_array_add_int(subject_ids, job->subject_id);
            db_array_add(cycles, cycle);
            db_array_add(steps, job->step_id);
            db_array_add(subjects, job->subject);
            db_array_add(recipients, draft->claim->recipient);
            db_array_add_int(messages, draft->claim->message_id);
        }
    }
    gint64 put = db_tell(desk->db, &sql_message_step_put, error, db_array_text(agencies), desk->room->name,
                         db_array_text(subject_ids), db_array_text(cycles), db_array_text(steps),
                         db_array_text(subjects), db_array_text(recipients), db_array_text(messages));
    return put == (gint64)db_array_length(subject_ids) ||
           (put >= 0 && is_anothers(((struct draft *)drafts->pdata[0])->intent->first, error));
}

gboolean outbox_put(struct desk *desk, const GPtrArray *drafts, GError **error)
{
    return !drafts->len || (put_letters(desk, drafts, error) && put_steps(desk, drafts, error));
}
