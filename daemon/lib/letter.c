/* What a letter may hold: addresses and headers are checked here, before mime.c makes bytes of them. */
#include "letter.h"

#include <string.h>

#include "mime.h"

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
    for (guint i = 0; letter->attachments && i < letter->attachments->len; i++) {
        const struct attachment *one = letter->attachments->pdata[i];
        if (!one->name || !g_utf8_validate(one->name, -1, NULL) || !plain_header(one->name) || !one->media_type)
            return refuse_field(error, "attachment", "its name is no plain UTF-8, or its type is not known");
    }
    const char *why;
    for (gsize i = 0; i < ARRAY_LEN(addresses); i++)
        if (addresses[i].value && !letter_address_ok(addresses[i].value, &why))
            return refuse_field(error, addresses[i].name, why);
    return TRUE;
}

GBytes *letter_build(const struct letter *letter, GError **error)
{
    return fields_are_good(letter, error) ? mime_write(letter) : NULL;
}
