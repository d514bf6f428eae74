/*
 * From wishes to claims: whoever is to be written to now gets a letter, rendered and committed as `sending`. Runs
 * inside the window's transaction; sends nothing. outbox_timing.c says whom and when, outbox_tasks.c what people are
 * told.
 */
#include <string.h>

#include "crypto.h"
#include "document.h"
#include "letter.h"
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

static struct template_parsed *parsed_template(struct desk *desk, const char *file, enum template_kind kind,
                                               GError **error)
{
    struct template_parsed *known = g_hash_table_lookup(desk->templates, file);
    if (known)
        return known;
    g_autofree char *path = g_build_filename(desk->config->dir, "templates", desk->room->name, file, NULL),
                    *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, error) || !(known = template_parse(file, text, kind, error)))
        return NULL;
    g_hash_table_insert(desk->templates, g_strdup(file), known);
    return known;
}

char *desk_render(struct desk *desk, const char *file, enum template_kind kind, const struct js *data, GError **error)
{
    struct template_parsed *parsed = parsed_template(desk, file, kind, error);
    return parsed ? template_fill(parsed, data, error) : NULL;
}

/* --- the letter itself */

static const char *letter_key(struct desk *desk, int agency, GError **error)
{
    const char *known = g_hash_table_lookup(desk->keys, GINT_TO_POINTER(agency));
    if (known)
        return known;
    g_autofree char *number = int_text(agency);
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_letter_key, error, number);
    if (!rows)
        return NULL;
    char *key = g_strdup(db_text(rows, 0, "letter_key"));
    g_hash_table_insert(desk->keys, GINT_TO_POINTER(agency), key);
    return key;
}

/* From the jobs, so that every try of a letter has the same: hash(key, agency, worker, steps, recipient)@domain. */
static char *internet_id(struct desk *desk, const struct letter_wish *wish, const struct person *person, GError **error)
{
    const char *secret = letter_key(desk, ((struct job *)wish->jobs->pdata[0])->agency, error);
    if (!secret)
        return NULL;
    g_autoptr(GString) key = g_string_new(secret);
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        g_string_append_printf(key, "%d %s %" G_GINT64_FORMAT " %d %s\n", job->agency, desk->room->name,
                               job->subject_id, job->cycle, job->step_id);
    }
    g_string_append_printf(key, "%s %s %s", wish->variety, person->role, person->address);
    g_autofree char *digest = crypto_sha256_hex(key->str, key->len);
    const char *domain = strchr(desk->config->settings->mail_from_address, '@');
    return g_strdup_printf("%.32s.ticklerd%s", digest, domain ? domain : "@localhost");
}

static gboolean split_subject(const char *rendered, char **ret_subject, const char **ret_text, GError **error)
{
    const char *end = strchr(rendered, '\n'), *body = strstr(rendered, "\n\n");
    if (!g_str_has_prefix(rendered, "Subject: ") || !end || !body) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a template does not begin with 'Subject: ...'");
        return FALSE;
    }
    *ret_subject = g_strstrip(g_strndup(rendered + strlen("Subject: "), (gsize)(end - rendered) - strlen("Subject: ")));
    *ret_text = body + 2;
    return TRUE;
}

static GBytes *write_letter(struct desk *desk, const struct party *party, struct letter_wish *wish,
                            const struct person *person, const GPtrArray *attachments, const char *id,
                            char **ret_subject, GError **error)
{
    const struct job *job = wish->jobs->pdata[0];
    struct js *contact = js_object();
    js_set_text(contact, "name", person->name);
    js_set(wish->data, "contact", contact);
    g_autofree char *txt = g_strconcat(wish->template, ".txt.mustache", NULL);
    g_autofree char *htm = g_strconcat(wish->template, ".html.mustache", NULL);
    g_autofree char *text = desk_render(desk, txt, TEMPLATE_TEXT, wish->data, error);
    g_autofree char *html = text ? desk_render(desk, htm, TEMPLATE_HTML, wish->data, error) : NULL;
    const char *body;
    if (!html || !split_subject(text, ret_subject, &body, error))
        return NULL;
    const char *from_name = db_text(job->rows, job->row, "from_name");
    const struct letter letter = {.message_id = id,
                                  .from_name = from_name ? from_name : "",
                                  .from_address = desk->config->settings->mail_from_address,
                                  .reply_to = db_text(job->rows, job->row, "reply_to"),
                                  .to_name = person->name,
                                  .to_address = person->address,
                                  .subject = *ret_subject,
                                  .text = body,
                                  .html = html,
                                  .attachments = attachments,
                                  .date = party->now};
    return letter_build(&letter, error);
}

static char *hex_of(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    GString *text = g_string_sized_new(2 * size + 2);
    g_string_append(text, "\\x");
    static const char digits[] = "0123456789abcdef";
    for (gsize i = 0; i < size; i++) {
        g_string_append_c(text, digits[data[i] >> 4]);
        g_string_append_c(text, digits[data[i] & 15]);
    }
    return g_string_free(text, FALSE);
}

/* Says FALSE: the window is tried again, and finds the other worker's claim. */
static gboolean is_anothers(const struct job *job, GError **error)
{
    g_set_error(error, DB_ERROR, DB_CONFLICT, "job %" G_GINT64_FORMAT ": another worker has its letter", job->id);
    return FALSE;
}

static gboolean insert_steps(struct desk *desk, const struct letter_wish *wish, const char *recipient, gint64 message,
                             GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    AUTO_ARRAY struct db_array *subject_ids = db_array_new(), *cycles = db_array_new(), *steps = db_array_new();
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        g_autofree char *cycle = day_format(job->cycle);
        db_array_add_int(subject_ids, job->subject_id);
        db_array_add(cycles, cycle);
        db_array_add(steps, job->step_id);
        db_array_add(subjects, job->subject);
    }
    g_autofree char *agency = int_text(first->agency), *id = int_text(message);
    gint64 put = db_tell(desk->db, &sql_message_step_put, error, agency, desk->room->name, db_array_text(subject_ids),
                         db_array_text(cycles), db_array_text(steps), db_array_text(subjects), recipient, id);
    return put == (gint64)wish->jobs->len || (put >= 0 && is_anothers(first, error));
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

static gboolean claim_for(struct desk *desk, struct party *party, struct letter_wish *wish, const struct person *person,
                          const GPtrArray *attachments, GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    gboolean had, is_doubt;
    g_autofree char *id = internet_id(desk, wish, person, error), *subject = NULL;
    g_autofree char *recipient = g_strdup_printf("%s:%s", person->role, person->address);
    if (!id || !outbox_send_again(desk, id, &is_doubt, error))
        return FALSE;
    if (is_doubt)
        return TRUE;
    if (!has_letter(desk, wish, recipient, &had, error) || had)
        return had;
    g_autoptr(GBytes) letter = write_letter(desk, party, wish, person, attachments, id, &subject, error);
    if (!letter)
        return FALSE;
    g_autofree char *hex = hex_of(letter), *agency = int_text(first->agency), *now = instant_format(party->now);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_message_put, error, agency, desk->room->name, wish->step_id, first->party, recipient,
                    person->address, wish->template, subject, id, hex, process_incarnation(), now);
    if (!rows || (db_rows_count(rows) == 0 && !is_anothers(first, error)) ||
        !insert_steps(desk, wish, recipient, db_int(rows, 0, "message_id"), error))
        return FALSE;
    struct claim *claim = claim_new(wish, id, person, recipient, letter);
    claim->message_id = db_int(rows, 0, "message_id");
    g_ptr_array_add(desk->claimed, claim);
    return TRUE;
}

static gboolean claim_wish(struct desk *desk, struct party *party, struct letter_wish *wish, GError **error)
{
    struct addressing to = {0};
    const struct job *first = wish->jobs->pdata[0];
    g_autoptr(GPtrArray) attachments = g_ptr_array_new_with_free_func(document_free);
    gboolean now = FALSE, complete = FALSE, good = outbox_find_people(desk, first, wish, &to, error);
    if (good && to.count == 0)
        good = outbox_nobody_task(desk, party, wish, error);
    else if (good && (good = outbox_attach(desk, party, wish, attachments, &complete, error)) && complete)
        good = outbox_timely(desk, party, wish, &to, &now, error);
    for (int i = 0; good && now && i < to.count; i++)
        good = claim_for(desk, party, wish, &to.people[i], attachments, error);
    db_rows_free(&to.rows);
    return good;
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

gboolean outbox_claim(struct desk *desk, struct party *party, GError **error)
{
    gboolean good = TRUE;
    for (guint i = 0; good && i < party->letters->len; i++)
        good = claim_wish(desk, party, party->letters->pdata[i], error);
    for (guint i = 0; good && i < party->hooks->len; i++)
        claim_hook(desk, party->hooks->pdata[i]);
    for (guint i = 0; good && i < party->tasks->len; i++)
        good = outbox_raise_task(desk, party, party->tasks->pdata[i], error);
    return good;
}
