/*
 * Mail as bytes by GMime, written and read: the only file that knows it. Writing is never random: the same fields give
 * the same bytes. Reading takes whatever a stranger sends: nothing of it is trusted, and all of it may be missing.
 */
#include "mime.h"

#include <gmime/gmime.h>
#include <string.h>

static void start(void)
{
    static gsize started;
    if (g_once_init_enter(&started)) {
        g_mime_init();
        g_once_init_leave(&started, 1);
    }
}

/* --- writing */

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

GBytes *mime_write(const struct letter *letter)
{
    start();
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

/* --- reading */

/* One line of words, whatever bytes came; nothing in it that a terminal obeys, in one byte or in two (U+009B). */
static char *plain_text(const char *bytes)
{
    char *text = g_utf8_make_valid(bytes, -1);
    for (char *c = text, *next; *c; c = next) {
        next = g_utf8_next_char(c);
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            memset(c, ' ', (gsize)(next - c));
    }
    return g_strstrip(text);
}

static void add_id(struct mime_report *report, const char *value)
{
    g_auto(GStrv) words = g_strsplit_set(value ? value : "", "<> \t\r\n", -1);
    for (char **word = words; *word; word++)
        if (strchr(*word, '@') && report->ids->len < MIME_REPORT_IDS)
            g_ptr_array_add(report->ids, plain_text(*word));
}

static char *content_of(GMimeObject *object)
{
    GMimeDataWrapper *content = GMIME_IS_PART(object) ? g_mime_part_get_content(GMIME_PART(object)) : NULL;
    if (!content)
        return NULL;
    GMimeStream *out = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(content, out);
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out));
    char *text = array->len ? g_strndup((const char *)array->data, array->len) : NULL; /* ends at a NUL byte */
    g_object_unref(out);
    return text;
}

/* Calls `take` for each "Name: value" of a block of header lines, unfolded; for an empty line with name NULL. */
static void each_field(const char *text, void (*take)(const char *name, const char *value, void *with), void *with)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) field = g_string_new(NULL);
    for (char **line = lines;; line++) {
        gboolean folded = *line && (**line == ' ' || **line == '\t') && field->len;
        if (folded) {
            g_string_append(field, g_strchomp(*line));
            continue;
        }
        char *colon = strchr(field->str, ':');
        if (colon) {
            *colon = '\0';
            g_autofree char *value = plain_text(colon + 1);
            take(g_strstrip(field->str), value, with);
        }
        if (!*line)
            return;
        g_string_assign(field, g_strchomp(*line));
        if (!field->len)
            take(NULL, NULL, with);
    }
}

struct status_reader {
    struct mime_report *report;
    struct mime_recipient *now; /* the recipient whose block is being read; NULL: the next field begins one */
};

/* Cut where a character ends: half of one is no text that a database takes. */
static void set_once(char **field, const char *value)
{
    const char *end;
    if (*field)
        return;
    *field = g_strndup(value, 500);
    if (!g_utf8_validate(*field, -1, &end))
        (*field)[end - *field] = '\0';
}

/* "rfc822; ap@clinic.example", "utf-8; ..." */
static char *address_of(const char *value)
{
    const char *semicolon = strchr(value, ';');
    g_auto(GStrv) words = g_strsplit_set(semicolon ? semicolon + 1 : value, "<> ", -1);
    for (char **word = words; *word; word++)
        if (**word)
            return g_strdup(*word);
    return g_strdup("");
}

static void take_status_field(const char *name, const char *value, void *with)
{
    struct status_reader *in = with;
    if (!name) {
        in->now = NULL;
        return;
    }
    if (!in->now) {
        if (in->report->recipients->len >= MIME_REPORT_RECIPIENTS)
            return;
        in->now = g_new0(struct mime_recipient, 1);
        g_ptr_array_add(in->report->recipients, in->now);
    }
    g_autofree char *address = address_of(value);
    if (g_ascii_strcasecmp(name, "Final-Recipient") == 0)
        set_once(&in->now->final, address);
    else if (g_ascii_strcasecmp(name, "Original-Recipient") == 0)
        set_once(&in->now->original, address);
    else if (g_ascii_strcasecmp(name, "Action") == 0)
        set_once(&in->now->action, value);
    else if (g_ascii_strcasecmp(name, "Status") == 0)
        set_once(&in->now->status, value);
    else if (g_ascii_strcasecmp(name, "Diagnostic-Code") == 0)
        set_once(&in->now->diagnostic, value);
}

static void take_returned_field(const char *name, const char *value, void *with)
{
    if (name && (g_ascii_strcasecmp(name, "Message-ID") == 0 || g_ascii_strcasecmp(name, "X-Ticklerd-Id") == 0))
        add_id(with, value);
}

static void read_part(struct mime_report *report, GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *returned = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        if (returned) {
            add_id(report, g_mime_object_get_header(GMIME_OBJECT(returned), "Message-ID"));
            add_id(report, g_mime_object_get_header(GMIME_OBJECT(returned), "X-Ticklerd-Id"));
        }
        return;
    }
    g_autofree char *text = content_of(part);
    if (!text)
        return;
    if (g_mime_content_type_is_type(type, "message", "delivery-status") ||
        g_mime_content_type_is_type(type, "message", "global-delivery-status")) {
        struct status_reader in = {.report = report};
        each_field(text, take_status_field, &in);
    } else if (g_mime_content_type_is_type(type, "text", "rfc822-headers") ||
               g_mime_content_type_is_type(type, "message", "global-headers") ||
               g_mime_content_type_is_type(type, "message", "global")) {
        each_field(text, take_returned_field, report);
    }
}

static void recipient_free(gpointer data)
{
    struct mime_recipient *recipient = data;
    g_free(recipient->final);
    g_free(recipient->original);
    g_free(recipient->action);
    g_free(recipient->status);
    g_free(recipient->diagnostic);
    g_free(recipient);
}

void mime_report_free(struct mime_report *report)
{
    if (!report)
        return;
    g_ptr_array_unref(report->recipients);
    g_ptr_array_unref(report->ids);
    g_free(report);
}

/* The parts of a multipart/report about a delivery; NULL for any other mail. */
static GMimeMultipart *report_body(GMimeMessage *message)
{
    GMimeObject *body = g_mime_message_get_mime_part(message);
    if (!body || !GMIME_IS_MULTIPART(body))
        return NULL;
    GMimeContentType *type = g_mime_object_get_content_type(body);
    const char *about = g_mime_content_type_get_parameter(type, "report-type");
    gboolean good = g_mime_content_type_is_type(type, "multipart", "report") &&
                    (!about || g_ascii_strcasecmp(about, "delivery-status") == 0);
    return good ? GMIME_MULTIPART(body) : NULL;
}

struct mime_report *mime_read_report(const char *bytes, gsize size)
{
    start();
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    GMimeMultipart *body = message ? report_body(message) : NULL;
    struct mime_report *report = NULL;
    if (body) {
        report = g_new0(struct mime_report, 1);
        report->recipients = g_ptr_array_new_with_free_func(recipient_free);
        report->ids = g_ptr_array_new_with_free_func(g_free);
        for (int i = 0; i < MIN(g_mime_multipart_get_count(body), 20); i++)
            read_part(report, g_mime_multipart_get_part(body, i));
        add_id(report, g_mime_object_get_header(GMIME_OBJECT(message), "In-Reply-To"));
        add_id(report, g_mime_object_get_header(GMIME_OBJECT(message), "References"));
    }
    g_clear_object(&message);
    g_object_unref(parser);
    g_object_unref(stream);
    return report;
}
