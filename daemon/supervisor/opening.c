/* opening.c: the directory's lock, the configuration, the first programs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "embedded.h"
#include "house.h"
#include "kill_point.h"
#include "log.h"
#include "rooms.h"

/* One supervisor a directory; the kernel lets go of the lock when we die. */
static gboolean lock_directory(const struct house *house, GError **error)
{
    g_autofree char *run = g_build_filename(house->process.dir, "run", NULL),
                    *path = g_build_filename(run, "lock", NULL);
    int fd = g_mkdir_with_parents(run, 0700) == 0 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        g_autofree char *pid = g_strdup_printf("%d\n", getpid());
        if (ftruncate(fd, 0) == 0 && write(fd, pid, strlen(pid)) > 0)
            return TRUE; /* the descriptor stays open: it is the lock */
    }
    int why = errno;
    g_autofree char *holder = NULL;
    if (fd >= 0 && why == EWOULDBLOCK && g_file_get_contents(path, &holder, NULL, NULL))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "another ticklerd (process %s) works on %s",
                    g_strstrip(holder), house->process.dir);
    else
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(why), "cannot lock %s: %s", path,
                    g_strerror(why));
    if (fd >= 0)
        close(fd);
    return FALSE;
}

static gboolean make_config(struct house *house, GError **error)
{
    g_autofree char *main_file = g_build_filename(house->config_source, "ticklerd.yaml", NULL), *share = share_dir();
    if (g_file_test(main_file, G_FILE_TEST_EXISTS))
        return TRUE;
    log_info("%s is missing: made from the shipped defaults", main_file);
    return config_copy(share, house->config_source, error);
}

gboolean house_open(struct house *house, GError **error)
{
    if (geteuid() == 0 && !house->process.database)
        return embedded_prepare(house->process.dir, error); /* it refuses in one sentence */
    if (!lock_directory(house, error) || !make_config(house, error))
        return FALSE;
    KILL_POINT(supervisor, locked);
    struct problems *problems = problems_new();
    house->config = house_load_config(house, problems);
    guint wrong = problems_count(problems);
    problems_free(problems);
    if (!house->config) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%u problems in %s; mend them and start again", wrong,
                    house->config_source);
        return FALSE;
    }
    g_autofree char *control = process_run_path(house->process.dir, "control");
    gboolean rehearsal = house->process.database != NULL;
    if (!config_copy(house->config_source, house->in_force, error) || !house_add_servers(house, error))
        return FALSE;
    house->control = bus_listen(control, error);
    if (!house->control)
        return FALSE;
    house->migrated = rehearsal;
    if (rehearsal)
        house_add_workers(house);
    else
        house_add_migration(house);
    return TRUE;
}
