/* Letters as bytes by GMime: the only file that knows it. Nothing here is random: the same fields give the same bytes.
 */
#include "letter.h"

#include <gmime/gmime.h>
#include <string.h>

static gboolean plain_header(const char *value)
{
    for (; *value; value++)
        if ((guchar)*value < 0x20 && *value != '\t')
            return FALSE;
    return TRUE;
}

gboolean letter_address_ok(const char *address, const char **ret_why)
{
    const char *at = strrchr(address, '@');
    *ret_why = NULL;
    for (const char *c = address; *c && !*ret_why; c++)
        if ((guchar)*c <= 0x20 || *c == 0x7f || strchr("<>()[],;:\\\"", *c))
            *ret_why = "it holds a character that no plain address has";
    if (!*ret_why && (!at || at == address || !at[1]))
        *ret_why = "it is not of the form name@domain";
    else if (!*ret_why && strchr(address, '@') != at)
        *ret_why = "it has two @";
    else if (!*ret_why && (at[1] == '.' || at[1] == '-' || strstr(address, "..")))
        *ret_why = "its domain or name is malformed";
    else if (!*ret_why && strlen(address) > 254)
        *ret_why = "it is longer than 254 characters";
    else if (!*ret_why && !g_utf8_validate(address, -1, NULL))
        *ret_why = "it is not UTF-8";
    return *ret_why == NULL;
}

static gboolean refuse_field(GError **error, const char *field, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the letter's %s is refused: %s", field, why);
    return FALSE;
}

static gboolean fields_are_good(const struct letter *letter, GError **error)
{
    const struct {
        const char *name, *value;
    } headers[] = {{"Message-ID", letter->message_id},
                   {"sender's name", letter->from_name},
                   {"recipient's name", letter->to_name},
                   {"subject", letter->subject},
                   {"List-Unsubscribe", letter->list_unsubscribe}};
    const struct {
        const char *name, *value;
    } addresses[] = {{"sender", letter->from_address},
                     {"recipient", letter->to_address},
                     {"Reply-To", letter->reply_to}};
    for (gsize i = 0; i < ARRAY_LEN(headers); i++)
        if (headers[i].value && !plain_header(headers[i].value))
            return refuse_field(error, headers[i].name, "it holds a line break or another control character");
    const char *why;
    for (gsize i = 0; i < ARRAY_LEN(addresses); i++)
        if (addresses[i].value && !letter_address_ok(addresses[i].value, &why))
            return refuse_field(error, addresses[i].name, why);
    return TRUE;
}

/* A part from a stream: set_text would choose a charset by itself. */
static GMimePart *text_part(const char *subtype, const char *text)
{
    GMimePart *part = g_mime_part_new_with_type("text", subtype);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_object_unref(content);
    g_object_unref(stream);
    return part;
}

/* A multipart whose boundary comes from the Message-ID. */
static GMimeMultipart *multipart(const struct letter *letter, const char *subtype)
{
    GMimeMultipart *parts = g_mime_multipart_new_with_subtype(subtype);
    g_autofree char *seed = g_strconcat(subtype, letter->message_id, NULL);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed, -1);
    g_autofree char *boundary = g_strdup_printf("=_%.40s", digest);
    g_mime_multipart_set_boundary(parts, boundary);
    return parts;
}

static GMimePart *attachment_part(const struct attachment *attachment)
{
    g_auto(GStrv) type = g_strsplit(attachment->media_type, "/", 2);
    GMimePart *part = g_mime_part_new_with_type(type[0], type[1] ? type[1] : "octet-stream");
    gsize size;
    const char *bytes = g_bytes_get_data(attachment->bytes, &size);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, size);
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_part_set_filename(part, attachment->name);
    g_object_unref(content);
    g_object_unref(stream);
    return part;
}

static GMimeObject *with_attachments(const struct letter *letter, GMimeObject *body)
{
    if (!letter->attachments || !letter->attachments->len)
        return body;
    GMimeMultipart *all = multipart(letter, "mixed");
    g_mime_multipart_add(all, body);
    g_object_unref(body);
    for (guint i = 0; i < letter->attachments->len; i++) {
        GMimePart *part = attachment_part(letter->attachments->pdata[i]);
        g_mime_multipart_add(all, GMIME_OBJECT(part));
        g_object_unref(part);
    }
    return GMIME_OBJECT(all);
}

static GMimeObject *body_of(const struct letter *letter)
{
    GMimePart *text = text_part("plain", letter->text);
    if (!letter->html)
        return GMIME_OBJECT(text);
    GMimeMultipart *both = multipart(letter, "alternative");
    GMimePart *html = text_part("html", letter->html);
    g_mime_multipart_add(both, GMIME_OBJECT(text));
    g_mime_multipart_add(both, GMIME_OBJECT(html));
    g_object_unref(text);
    g_object_unref(html);
    return GMIME_OBJECT(both);
}

static GBytes *bytes_of(GMimeMessage *message)
{
    GMimeFormatOptions *crlf = g_mime_format_options_clone(NULL);
    g_mime_format_options_set_newline_format(crlf, GMIME_NEWLINE_FORMAT_DOS);
    GMimeStream *out = g_mime_stream_mem_new();
    g_mime_object_write_to_stream(GMIME_OBJECT(message), crlf, out);
    g_mime_format_options_free(crlf);
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out));
    GBytes *bytes = g_bytes_new(array->data, array->len);
    g_object_unref(out);
    return bytes;
}

GBytes *letter_build(const struct letter *letter, GError **error)
{
    static gsize started;
    if (g_once_init_enter(&started)) {
        g_mime_init();
        g_once_init_leave(&started, 1);
    }
    if (!fields_are_good(letter, error))
        return NULL;
    GMimeMessage *message = g_mime_message_new(TRUE);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, letter->from_name, letter->from_address);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, letter->to_name, letter->to_address);
    if (letter->reply_to)
        g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_REPLY_TO, NULL, letter->reply_to);
    g_mime_message_set_subject(message, letter->subject, "utf-8");
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(letter->date / G_USEC_PER_SEC);
    g_mime_message_set_date(message, date);
    g_mime_message_set_message_id(message, letter->message_id);
    GMimeObject *object = GMIME_OBJECT(message);
    g_mime_object_set_header(object, "Auto-Submitted", "auto-generated", "utf-8");
    g_mime_object_set_header(object, "X-Ticklerd-Id", letter->message_id, "utf-8");
    if (letter->list_unsubscribe) {
        g_autofree char *uri = g_strdup_printf("<%s>", letter->list_unsubscribe);
        g_mime_object_set_header(object, "List-Unsubscribe", uri, "utf-8");
        g_mime_object_set_header(object, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click", "utf-8");
    }
    GMimeObject *body = with_attachments(letter, body_of(letter));
    g_mime_message_set_mime_part(message, body);
    g_object_unref(body);
    GBytes *bytes = bytes_of(message);
    g_object_unref(message);
    return bytes;
}
