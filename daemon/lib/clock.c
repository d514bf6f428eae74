/*
 * The only file that asks the time. A virtual clock is a mapped file of one 64-bit instant: reading it costs a load,
 * and every process of the tree sees the same moment.
 */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static _Atomic gint64 *virtual_now;

static gboolean refuse(GError **error, const char *path)
{
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "virtual clock %s: %s", path,
                g_strerror(errno));
    return FALSE;
}

gboolean clock_use_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return refuse(error, path);
    struct stat st;
    void *at = MAP_FAILED;
    errno = EINVAL;
    if (fstat(fd, &st) == 0 && st.st_size == sizeof(gint64))
        at = mmap(NULL, sizeof(gint64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    gboolean good = at != MAP_FAILED || refuse(error, path);
    close(fd);
    if (good)
        virtual_now = at;
    return good;
}

gboolean clock_make_file(const char *path, instant start, GError **error)
{
    return g_file_set_contents(path, (const char *)&start, sizeof start, error);
}

void clock_advance(instant to)
{
    g_assert(virtual_now);
    if (to > atomic_load(virtual_now))
        atomic_store(virtual_now, to);
}

gboolean clock_is_virtual(void)
{
    return virtual_now != NULL;
}

instant clock_now(void)
{
    return virtual_now ? atomic_load(virtual_now) : clock_wall();
}

instant clock_wall(void)
{
    return g_get_real_time();
}

gint64 clock_mono(void)
{
    return g_get_monotonic_time();
}

char *instant_format(instant at)
{
    gint64 seconds = at / G_USEC_PER_SEC, rest = at % G_USEC_PER_SEC;
    if (rest < 0) {
        rest += G_USEC_PER_SEC;
        seconds--;
    }
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = g_date_time_format(when, "%Y-%m-%dT%H:%M:%S");
    return g_strdup_printf("%s.%06" G_GINT64_FORMAT "Z", text, rest);
}

gboolean instant_parse(const char *text, instant *ret, GError **error)
{
    g_autoptr(GTimeZone) none = g_time_zone_new_utc();
    g_autofree char *iso = g_strdelimit(g_strdup(text), " ", 'T');
    /* Postgres writes "+00" where GLib wants "+00:00" or "Z". */
    g_autofree char *full =
        g_str_has_suffix(iso, "+00") ? g_strdup_printf("%.*sZ", (int)strlen(iso) - 3, iso) : g_steal_pointer(&iso);
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(full, none);
    if (!when) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s' is no instant; write 2027-02-04T09:00:00Z", text);
        return FALSE;
    }
    *ret = g_date_time_to_unix(when) * G_USEC_PER_SEC + g_date_time_get_microsecond(when);
    return TRUE;
}
