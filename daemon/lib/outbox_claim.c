/*
 * From wishes to claims: whoever is to be written to now gets a letter, rendered and committed as `sending`. Runs
 * inside the window's transaction; sends nothing. What the letters of a window need of the database is asked for all of
 * them at once: outbox_people.c says to whom, outbox_timing.c and outbox_spend.c when, outbox_letter.c makes them,
 * outbox_put.c puts them down; outbox_tasks.c says what people are told.
 */
#include <string.h>

#include "document.h"
#include "libtickler_sql.h"
#include "room_shared.h"

void claim_free(gpointer data)
{
    struct claim *claim = data;
    g_free(claim->internet_id);
    g_free(claim->address);
    g_free(claim->recipient);
    g_free(claim->subjects);
    g_free(claim->party);
    g_bytes_unref(claim->letter);
    g_array_unref(claim->job_ids);
    g_free(claim->reply);
    g_free(claim->holder);
    g_free(claim);
}

static void intent_free(gpointer data)
{
    struct intent *intent = data;
    g_ptr_array_unref(intent->attachments);
    g_free(intent);
}

static GPtrArray *intents_of(const GPtrArray *parties)
{
    GPtrArray *intents = g_ptr_array_new_with_free_func(intent_free);
    for (guint i = 0; i < parties->len; i++) {
        struct party *party = parties->pdata[i];
        for (guint k = 0; k < party->letters->len; k++) {
            struct intent *intent = g_new0(struct intent, 1);
            intent->party = party;
            intent->wish = party->letters->pdata[k];
            intent->first = intent->wish->jobs->pdata[0];
            intent->attachments = g_ptr_array_new_with_free_func(document_free);
            g_ptr_array_add(intents, intent);
        }
    }
    return intents;
}

static struct claim *claim_new(const struct letter_wish *wish, const char *id, const struct person *person,
                               const char *recipient, GBytes *letter)
{
    const struct job *first = wish->jobs->pdata[0];
    struct claim *claim = g_new0(struct claim, 1);
    claim->agency = first->agency;
    claim->internet_id = g_strdup(id);
    claim->address = g_strdup(person->address);
    claim->recipient = g_strdup(recipient);
    claim->party = g_strdup(first->party);
    claim->letter = g_bytes_ref(letter);
    claim->job_ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    claim->tries = first->tries;
    claim->claimed_mono = clock_mono();
    g_autoptr(GString) subjects = g_string_new(NULL);
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        g_array_append_val(claim->job_ids, job->id);
        g_string_append_printf(subjects, "%s%s", i ? "\n" : "", job->subject);
    }
    claim->subjects = g_strdup(subjects->str);
    return claim;
}

/* At a second try some of several people may have the letter already. */
static gboolean has_letter(struct desk *desk, const struct letter_wish *wish, const char *recipient, gboolean *ret,
                           GError **error)
{
    AUTO_ARRAY struct db_array *ids = db_array_new();
    *ret = FALSE;
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        if (g_hash_table_contains(desk->retried, &job->id))
            db_array_add_int(ids, job->id);
    }
    if (db_array_length(ids) == 0)
        return TRUE;
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_message_reached, error, db_array_text(ids), recipient);
    *ret = rows && db_rows_count(rows) > 0;
    return rows != NULL;
}

static gboolean draft_for(struct desk *desk, const struct intent *intent, const struct person *person,
                          GPtrArray *drafts, GError **error)
{
    gboolean had, is_doubt;
    g_autofree char *id = outbox_letter_id(desk, intent->wish, person, error);
    g_autofree char *recipient = g_strdup_printf("%s:%s", person->role, person->address), *subject = NULL;
    if (!id || !outbox_send_again(desk, id, &is_doubt, error))
        return FALSE;
    if (is_doubt)
        return TRUE;
    if (!has_letter(desk, intent->wish, recipient, &had, error) || had)
        return had;
    g_autoptr(GBytes) letter = outbox_write(desk, intent, person, id, &subject, error);
    if (!letter)
        return FALSE;
    struct draft *draft = g_new0(struct draft, 1);
    draft->intent = intent;
    draft->subject = g_steal_pointer(&subject);
    draft->claim = claim_new(intent->wish, id, person, recipient, letter);
    g_ptr_array_add(drafts, draft);
    g_ptr_array_add(desk->claimed, draft->claim);
    return TRUE;
}

static gboolean draft_all(struct desk *desk, const GPtrArray *intents, GPtrArray *drafts, GError **error)
{
    for (guint i = 0; i < intents->len; i++) {
        const struct intent *intent = intents->pdata[i];
        for (int k = 0; intent->goes && k < intent->count; k++)
            if (!draft_for(desk, intent, &intent->people[k], drafts, error))
                return FALSE;
    }
    return TRUE;
}

static gboolean tell_of_nobody(struct desk *desk, const GPtrArray *intents, GError **error)
{
    gboolean good = TRUE;
    for (guint i = 0; good && i < intents->len; i++) {
        struct intent *intent = intents->pdata[i];
        intent->goes = intent->count > 0;
        good = intent->goes || outbox_nobody_task(desk, intent->party, intent->wish, error);
    }
    return good;
}

static gboolean attach_all(struct desk *desk, const GPtrArray *intents, GError **error)
{
    gboolean good = TRUE;
    for (guint i = 0; good && i < intents->len; i++) {
        struct intent *intent = intents->pdata[i];
        if (intent->goes)
            good = outbox_attach(desk, intent->party, intent->wish, intent->attachments, &intent->goes, error);
    }
    return good;
}

/* Before anything is written for nothing. */
static gboolean are_few(const GPtrArray *intents, guint most, GError **error)
{
    guint letters = 0;
    for (guint i = 0; i < intents->len; i++) {
        const struct intent *intent = intents->pdata[i];
        letters += intent->goes ? (guint)intent->count : 0;
    }
    if (letters > most)
        g_set_error(error, DB_ERROR, DB_CONFLICT, "more than %u letters in one window", most);
    return letters <= most;
}

static gboolean claim_letters(struct desk *desk, const GPtrArray *parties, guint most, GError **error)
{
    g_autoptr(GPtrArray) intents = intents_of(parties), drafts = g_ptr_array_new_with_free_func(draft_free);
    AUTO_ROWS struct db_rows *people = NULL;
    if (!intents->len)
        return TRUE;
    return outbox_find_people(desk, intents, &people, error) && tell_of_nobody(desk, intents, error) &&
           outbox_keep_hours(desk, intents, error) && are_few(intents, most, error) &&
           attach_all(desk, intents, error) && outbox_spend(desk, intents, error) &&
           draft_all(desk, intents, drafts, error) && outbox_put(desk, drafts, error);
}

/* A web hook can be asked again under the same key, so its claim needs no row: the job itself stays until it is done.
 */
static void claim_hook(struct desk *desk, const struct hook_wish *wish)
{
    struct claim *claim = g_new0(struct claim, 1);
    char *body = js_print(wish->body);
    *claim = (struct claim){.agency = wish->job->agency,
                            .is_hook = TRUE,
                            .internet_id = g_strdup(wish->id),
                            .address = g_strdup(""),
                            .recipient = g_strdup("webhook"),
                            .party = g_strdup(wish->job->party),
                            .subjects = g_strdup(wish->job->subject),
                            .letter = g_bytes_new_take(body, strlen(body)),
                            .tries = wish->job->tries,
                            .claimed_mono = clock_mono()};
    claim->job_ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_array_append_val(claim->job_ids, wish->job->id);
    g_ptr_array_add(desk->claimed, claim);
}

gboolean outbox_claim(struct desk *desk, const GPtrArray *parties, guint most, GError **error)
{
    gboolean good = claim_letters(desk, parties, most, error);
    for (guint i = 0; good && i < parties->len; i++) {
        struct party *party = parties->pdata[i];
        for (guint k = 0; k < party->hooks->len; k++)
            claim_hook(desk, party->hooks->pdata[k]);
        for (guint k = 0; good && k < party->tasks->len; k++)
            good = outbox_raise_task(desk, party, party->tasks->pdata[k], error);
    }
    return good;
}
