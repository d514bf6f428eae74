/* Content-addressed files. */
#include "document.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "crypto.h"

/* What goes with letters: its ending, its media type, and how its bytes begin (NULL: text). */
static const struct kind {
    const char *ending, *media_type, *begins;
} kinds[] = {
    {".pdf", "application/pdf", "%PDF-"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "PK\003\004"},
    {".doc", "application/msword", "\xd0\xcf\x11\xe0"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK\003\004"},
    {".txt", "text/plain", NULL},
    {".png", "image/png", "\x89PNG"},
    {".jpg", "image/jpeg", "\xff\xd8\xff"},
};

static const struct kind *kind_of(const char *file_name)
{
    g_autofree char *lower = g_ascii_strdown(file_name, -1);
    for (gsize i = 0; i < ARRAY_LEN(kinds); i++)
        if (g_str_has_suffix(lower, kinds[i].ending))
            return &kinds[i];
    return NULL;
}

const char *document_media_type(const char *file_name)
{
    const struct kind *kind = kind_of(file_name);
    return kind ? kind->media_type : NULL;
}

static gboolean is_printable(const char *text)
{
    for (const char *c = text; *c; c = g_utf8_next_char(c))
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            return FALSE;
    return TRUE;
}

char *document_refusal(const char *file_name, const char *bytes, gsize length)
{
    const struct kind *kind = kind_of(file_name);
    if (strlen(file_name) > 120 || !g_utf8_validate(file_name, -1, NULL) || !is_printable(file_name))
        return g_strdup("its name is not for a letter: at most 120 bytes of plain UTF-8");
    if (!kind)
        return g_strdup("this kind of file does not go with letters; take .pdf .docx .doc .xlsx .txt .png or .jpg");
    if (length == 0)
        return g_strdup("it is empty");
    if (length > DOCUMENT_MAX)
        return g_strdup_printf("it has %.1f MB, and a letter takes at most %d MB; make it smaller or split it",
                               (double)length / 1048576, DOCUMENT_MAX / 1048576);
    gboolean good = kind->begins
                        ? length >= strlen(kind->begins) && memcmp(bytes, kind->begins, strlen(kind->begins)) == 0
                        : g_utf8_validate(bytes, (gssize)length, NULL);
    return good ? NULL : g_strdup_printf("its content is not that of a %s file; save it again as such", kind->ending);
}

static char *path_of(const char *dir, const char *sha256)
{
    return g_build_filename(dir, "documents", sha256, NULL);
}

char *document_put(const char *dir, const char *bytes, gsize length, GError **error)
{
    g_autofree char *sha256 = crypto_sha256_hex(bytes, length), *path = path_of(dir, sha256);
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot make %s: %s", folder,
                    g_strerror(errno));
        return NULL;
    }
    if (!g_file_set_contents_full(path, bytes, (gssize)length,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error))
        return NULL;
    return g_steal_pointer(&sha256);
}

const char *document_read(const char *dir, const struct js *document, struct attachment **ret)
{
    const char *sha256 = js_get_text(document, "sha256");
    if (!sha256)
        return "is not in the store";
    g_autofree char *path = path_of(dir, sha256), *bytes = NULL;
    gsize length;
    if (!g_file_get_contents(path, &bytes, &length, NULL))
        return "is missing from the store";
    g_autofree char *found = crypto_sha256_hex(bytes, length);
    if (strcmp(found, sha256) != 0)
        return "was altered in the store";
    *ret = g_new0(struct attachment, 1);
    (*ret)->name = g_strdup(js_get_text(document, "name"));
    (*ret)->media_type = g_strdup(js_get_text(document, "type"));
    (*ret)->bytes = g_bytes_new_take(g_steal_pointer(&bytes), length);
    return NULL;
}

void document_free(gpointer data)
{
    struct attachment *attachment = data;
    g_free(attachment->name);
    g_free(attachment->media_type);
    g_bytes_unref(attachment->bytes);
    g_free(attachment);
}
