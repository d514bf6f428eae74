/* Content-addressed files. */
#include "document.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "crypto.h"

const char *document_media_type(const char *file_name)
{
    static const char *const known[][2] = {
        {".pdf", "application/pdf"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".doc", "application/msword"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".txt", "text/plain"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"}};
    g_autofree char *lower = g_ascii_strdown(file_name, -1);
    for (gsize i = 0; i < ARRAY_LEN(known); i++)
        if (g_str_has_suffix(lower, known[i][0]))
            return known[i][1];
    return NULL;
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
