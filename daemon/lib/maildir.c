/* Delivery into a Maildir, durable when it returns: the file and then the folder are synced. */
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "kill_point.h"

static gboolean fail(GError **error, const char *what, const char *path)
{
    int saved = errno;
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved), "%s %s: %s", what, path, g_strerror(saved));
    return FALSE;
}

gboolean maildir_make(const char *dir, GError **error)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    for (gsize i = 0; i < ARRAY_LEN(parts); i++) {
        g_autofree char *path = g_build_filename(dir, parts[i], NULL);
        if (g_mkdir_with_parents(path, 0700) != 0)
            return fail(error, "cannot make the Maildir", path);
    }
    return TRUE;
}

static gboolean write_synced(const char *path, GBytes *letter, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(error, "cannot write", path);
    gsize left;
    const char *at = g_bytes_get_data(letter, &left);
    while (left > 0) {
        ssize_t n = write(fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        at += n;
        left -= (gsize)n;
    }
    gboolean good = left == 0 && fsync(fd) == 0;
    if (!good)
        fail(error, "cannot write", path);
    close(fd);
    return good;
}

static gboolean sync_folder(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean good = fd >= 0 && fsync(fd) == 0;
    if (!good)
        fail(error, "cannot sync", path);
    if (fd >= 0)
        close(fd);
    return good;
}

gboolean maildir_deliver(const char *dir, const char *id, GBytes *letter, GError **error)
{
    g_assert(!strchr(id, '/'));
    g_autofree char *temporary = g_build_filename(dir, "tmp", id, NULL);
    g_autofree char *fresh = g_build_filename(dir, "new", NULL), *final = g_build_filename(fresh, id, NULL);
    if (maildir_has(dir, id))
        return TRUE;
    if (!write_synced(temporary, letter, error)) {
        g_unlink(temporary);
        return FALSE;
    }
    KILL_POINT(maildir, written);
    if (g_rename(temporary, final) != 0)
        return fail(error, "cannot rename into", final);
    return sync_folder(fresh, error);
}

gboolean maildir_has(const char *dir, const char *id)
{
    g_autofree char *fresh = g_build_filename(dir, "new", id, NULL), *seen = g_build_filename(dir, "cur", NULL);
    if (g_file_test(fresh, G_FILE_TEST_EXISTS))
        return TRUE;
    g_autoptr(GDir) cur = g_dir_open(seen, 0, NULL);
    gsize length = strlen(id);
    for (const char *name; cur && (name = g_dir_read_name(cur));)
        if (strncmp(name, id, length) == 0 && (name[length] == '\0' || name[length] == ':'))
            return TRUE;
    return FALSE;
}
