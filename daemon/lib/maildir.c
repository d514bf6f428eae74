/*
 * Delivery into a Maildir, durable when it returns. Several letters share what costs most: the disk is told of all of
 * them before the first is waited for, so that one journal commit serves them, and the folder is synced once.
 */
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

static gboolean write_all(int fd, GBytes *letter)
{
    gsize left;
    const char *at = g_bytes_get_data(letter, &left);
    while (left > 0) {
        ssize_t n = write(fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FALSE;
        at += n;
        left -= (gsize)n;
    }
    return TRUE;
}

/* Writes tmp/ID and sets the disk to work on it, without a wait. Answers a descriptor, or -1. A file that is there is
 * of a worker that ended; should it only hang and write on, it does so into its own. */
static int begin_file(const char *path, GBytes *letter, GError **error)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, fd = open(path, flags, 0600);
    if (fd < 0 && errno == EEXIST && g_unlink(path) == 0)
        fd = open(path, flags, 0600);
    if (fd >= 0 && write_all(fd, letter)) {
        (void)!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* only a hint: finish_file syncs */
        return fd;
    }
    fail(error, "cannot write", path);
    if (fd >= 0)
        close(fd);
    g_unlink(path);
    return -1;
}

static gboolean finish_file(int fd, const char *path, const char *final, GError **error)
{
    gboolean good = fsync(fd) == 0;
    if (!good)
        fail(error, "cannot write", path);
    close(fd);
    if (!good) {
        g_unlink(path);
        return FALSE;
    }
    KILL_POINT(maildir, written);
    return g_rename(path, final) == 0 || fail(error, "cannot rename into", final);
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

/* Which of the letters are in new/ or cur/, whose names may end in flags. Reads cur/ once, whatever their number. */
static void find_present(const char *dir, struct maildir_letter *letters, gsize n)
{
    g_autofree char *cur = g_build_filename(dir, "cur", NULL);
    g_autoptr(GHashTable) asked = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; i < n; i++) {
        g_autofree char *fresh = g_build_filename(dir, "new", letters[i].id, NULL);
        letters[i].is_there = g_file_test(fresh, G_FILE_TEST_EXISTS);
        g_hash_table_insert(asked, (gpointer)letters[i].id, &letters[i]);
    }
    g_autoptr(GDir) seen = g_dir_open(cur, 0, NULL);
    for (const char *name; seen && (name = g_dir_read_name(seen));) {
        g_autofree char *id = g_strndup(name, strcspn(name, ":"));
        struct maildir_letter *letter = g_hash_table_lookup(asked, id);
        if (letter)
            letter->is_there = TRUE;
    }
}

/* GError takes one: the first is told. */
static GError **first(GError **error)
{
    return error && *error ? NULL : error;
}

gboolean maildir_deliver(const char *dir, struct maildir_letter *letters, gsize n, GError **error)
{
    g_autofree char *fresh = g_build_filename(dir, "new", NULL);
    g_autofree int *files = g_new(int, n);
    GError *why = NULL;
    find_present(dir, letters, n);
    for (gsize i = 0; i < n; i++) {
        g_assert(!strchr(letters[i].id, '/'));
        g_autofree char *path = g_build_filename(dir, "tmp", letters[i].id, NULL);
        files[i] = letters[i].is_there ? -1 : begin_file(path, letters[i].bytes, first(&why));
    }
    for (gsize i = 0; i < n; i++) {
        g_autofree char *path = g_build_filename(dir, "tmp", letters[i].id, NULL);
        g_autofree char *final = g_build_filename(fresh, letters[i].id, NULL);
        if (files[i] >= 0)
            letters[i].is_there = finish_file(files[i], path, final, first(&why));
    }
    if (n && !sync_folder(fresh, first(&why)))
        for (gsize i = 0; i < n; i++)
            letters[i].is_there = FALSE; /* not for sure; the next try finds it */
    if (why)
        g_propagate_error(error, why);
    return !why;
}

gboolean maildir_has(const char *dir, const char *id)
{
    struct maildir_letter letter = {.id = id};
    find_present(dir, &letter, 1);
    return letter.is_there;
}
