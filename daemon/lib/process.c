/* What every daemon process is told, and its name among the living. */
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bus.h"
#include "clock.h"
#include "log.h"

static gboolean print_version(const char *option UNUSED, const char *value UNUSED, gpointer data UNUSED,
                              GError **error UNUSED)
{
    printf("ticklerd %s\n", TICKLER_VERSION);
    exit(0);
}

static void usage(const char *sentence)
{
    fprintf(stderr, "%s: %s; see --help\n", g_get_prgname(), sentence);
    exit(2);
}

void process_start(int *argc, char ***argv, const char *summary, GOptionEntry *extra, struct process *ret)
{
    GOptionEntry entries[] = {
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &ret->dir, "state directory", "DIR"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &ret->config_dir, "folder of ticklerd.yaml", "FOLDER"},
        {"database", 0, 0, G_OPTION_ARG_STRING, &ret->database, "libpq connection string", "URL"},
        {"redis", 0, 0, G_OPTION_ARG_STRING, &ret->redis, "socket of Redis, or none", "SOCKET"},
        {"clock", 0, 0, G_OPTION_ARG_FILENAME, &ret->clock, "virtual clock", "FILE"},
        {"record", 0, 0, G_OPTION_ARG_NONE, &ret->record, "record letters, send none (a rehearsal)", NULL},
        {"version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)print_version, "show the version", NULL},
        {0},
    };
    g_autofree char *name = g_path_get_basename((*argv)[0]);
    g_set_prgname(name);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    if (extra)
        g_option_context_add_main_entries(context, extra, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_option_context_parse(context, argc, argv, &error))
        usage(error->message);
    if (*argc > 1)
        usage("too many words on the command line");
    if (!ret->dir)
        usage("--dir DIR is missing");
    if (g_strcmp0(ret->redis, "none") == 0)
        g_clear_pointer(&ret->redis, g_free);
    log_open(g_get_prgname());
    loop_block_signals();
    if (ret->clock && !clock_use_file(ret->clock, &error)) {
        log_error("%s", error->message);
        exit(1);
    }
}

void process_follow_parent(void)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (parent == 1) /* it died before the kernel knew of our wish */
        raise(SIGTERM);
}

gboolean process_should_stop(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

/* Field 22 of /proc/PID/stat: when the process started, in ticks since boot. 0 when there is none. */
static guint64 start_time(const char *pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/stat", pid);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    char *rest = strrchr(text, ')'); /* the name may hold spaces */
    if (!rest || rest[1] == '\0')
        return 0;
    g_auto(GStrv) fields = g_strsplit(rest + 2, " ", -1);
    if (g_strv_length(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X')
        return 0;
    return g_ascii_strtoull(fields[19], NULL, 10);
}

const char *process_incarnation(void)
{
    static char *mine;
    if (!mine) {
        g_autofree char *pid = g_strdup_printf("%d", getpid());
        mine = g_strdup_printf("%.60s/%s/%" G_GUINT64_FORMAT, g_get_host_name(), pid, start_time(pid));
    }
    return mine;
}

gboolean process_is_alive(const char *incarnation, gboolean *ret_is_local)
{
    g_auto(GStrv) parts = g_strsplit(incarnation, "/", 3);
    g_autofree char *host = g_strdup_printf("%.60s", g_get_host_name());
    *ret_is_local = g_strv_length(parts) == 3 && strcmp(parts[0], host) == 0;
    if (!*ret_is_local)
        return TRUE;
    return start_time(parts[1]) == g_ascii_strtoull(parts[2], NULL, 10);
}

char *process_run_path(const char *dir, const char *name)
{
    return g_build_filename(dir, "run", name, NULL);
}
