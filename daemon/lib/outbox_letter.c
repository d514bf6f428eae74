/* A letter of the outbox as bytes: its templates, its Message-ID, its fields. */
#include <string.h>

#include "crypto.h"
#include "letter.h"
#include "libtickler_sql.h"
#include "room_shared.h"

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
char *outbox_letter_id(struct desk *desk, const struct letter_wish *wish, const struct person *person, GError **error)
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

GBytes *outbox_write(struct desk *desk, const struct intent *intent, const struct person *person, const char *id,
                     char **ret_subject, GError **error)
{
    const struct letter_wish *wish = intent->wish;
    const struct job *job = intent->first;
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
                                  .attachments = intent->attachments,
                                  .date = intent->party->now};
    return letter_build(&letter, error);
}
