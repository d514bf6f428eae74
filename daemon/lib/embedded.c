/* A Postgres and a Redis of our own: prepared here, run by the supervisor. */
#include "embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "kill_point.h"

static gboolean refuse(GError **error, const char *format, ...) PRINTF_LIKE(2, 3);

static gboolean refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, text);
    return FALSE;
}

char *programs_dir(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    return self ? g_path_get_dirname(self) : g_strdup(".");
}

char *share_dir(void)
{
    if (g_getenv("TICKLER_SHARE"))
        return g_strdup(g_getenv("TICKLER_SHARE"));
    g_autofree char *bin = programs_dir();
    g_autofree char *installed = g_build_filename(bin, "..", "share", "ticklerd", NULL);
    g_autofree char *schema = g_build_filename(installed, "schema", NULL);
    return g_file_test(schema, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&installed) : g_strdup(TICKLER_SOURCE_CONFIG);
}

/* Debian keeps the server's programs out of PATH, by version. */
static char *postgres_program(const char *name, GError **error)
{
    char *best = NULL;
    int newest = 0;
    g_autoptr(GDir) versions = g_dir_open("/usr/lib/postgresql", 0, NULL);
    for (const char *version; versions && (version = g_dir_read_name(versions));) {
        g_autofree char *path = g_build_filename("/usr/lib/postgresql", version, "bin", name, NULL);
        int number = (int)g_ascii_strtoll(version, NULL, 10);
        if (number > newest && g_file_test(path, G_FILE_TEST_IS_EXECUTABLE)) {
            newest = number;
            g_free(best);
            best = g_steal_pointer(&path);
        }
    }
    if (!best)
        best = g_find_program_in_path(name);
    if (!best)
        refuse(error, "there is no %s on this machine; install the package postgresql-15", name);
    return best;
}

int spawn(char *const *argv, const char *log, int death_signal, GError **error)
{
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        refuse(error, "cannot start %s: %s", argv[0], g_strerror(errno));
        return -1;
    }
    if (pid > 0)
        return pid;
    /* Only what is safe between fork and exec. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != parent)
        _exit(1);
    int in = open("/dev/null", O_RDONLY), out = log ? open(log, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    dup2(in, STDIN_FILENO);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
    }
    KILL_POINT_OF(supervisor, child_forked, argv[0]);
    execv(argv[0], argv);
    _exit(127);
}

static gboolean run_initdb(const char *dir, const char *data, GError **error)
{
    g_autofree char *initdb = postgres_program("initdb", error);
    if (!initdb)
        return FALSE;
    g_autofree char *log = g_build_filename(dir, "run", "initdb.log", NULL);
    char *argv[] = {initdb, "-D",   (char *)data,       "-U", "ticklerd_owner", "--auth=peer", "--no-locale",
                    "-E",   "UTF8", "--data-checksums", NULL};
    int pid = spawn(argv, log, SIGTERM, error), status = 0;
    if (pid < 0)
        return FALSE;
    waitpid(pid, &status, 0);
    g_autofree char *hba = g_build_filename(data, "pg_hba.conf", NULL);
    g_autofree char *ident = g_build_filename(data, "pg_ident.conf", NULL);
    g_autofree char *map =
        g_strdup_printf("tickler %s ticklerd_owner\ntickler %s ticklerd_app\n", g_get_user_name(), g_get_user_name());
    if (status == 0 && g_file_set_contents(hba, "local all all peer map=tickler\n", -1, error))
        return g_file_set_contents(ident, map, -1, error);
    return status == 0 ? FALSE : refuse(error, "initdb failed; its words are in %s", log);
}

/* A supervisor that was killed leaves its Postgres to end by itself; two on one cluster would refuse each other. */
static gboolean wait_for_old_server(const char *data, GError **error)
{
    g_autofree char *path = g_build_filename(data, "postmaster.pid", NULL);
    gint64 begun = clock_mono();
    for (;;) {
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL))
            return TRUE;
        pid_t pid = (pid_t)g_ascii_strtoll(text, NULL, 10);
        g_autofree char *exe = g_strdup_printf("/proc/%d/exe", pid), *program = g_file_read_link(exe, NULL);
        if (pid <= 1 || kill(pid, 0) != 0 || !program || !strstr(program, "postgres"))
            return TRUE; /* Postgres itself removes a stale file */
        gint64 waited = clock_mono() - begun;
        if (waited > SECONDS(40))
            return refuse(error, "the Postgres of an earlier run (process %d) does not end; end it and start again",
                          pid);
        if (waited > SECONDS(5))
            kill(pid, SIGINT); /* fast shutdown: whoever was still connected has had time */
        g_usleep(50000);
    }
}

gboolean embedded_prepare(const char *dir, GError **error)
{
    if (geteuid() == 0)
        return refuse(error, "Postgres does not run as root; start this as another user, "
                             "for example: setpriv --reuid=ticklerd --regid=ticklerd --init-groups ...");
    g_autofree char *run = g_build_filename(dir, "run", "postgres", NULL),
                    *data = g_build_filename(dir, "postgres", NULL);
    if (strlen(run) + strlen("/.s.PGSQL.5432") > 107)
        return refuse(error, "%s is too long a path for a socket (107 bytes); choose a shorter --dir", run);
    if (g_mkdir_with_parents(run, 0700) != 0)
        return refuse(error, "cannot make %s: %s", run, g_strerror(errno));
    g_autofree char *version = g_build_filename(data, "PG_VERSION", NULL);
    if (!g_file_test(version, G_FILE_TEST_EXISTS) && !run_initdb(dir, data, error))
        return FALSE;
    return wait_for_old_server(data, error);
}

char **embedded_postgres_argv(const char *dir, GError **error)
{
    g_autofree char *program = postgres_program("postgres", error);
    if (!program)
        return NULL;
    g_autofree char *data = g_build_filename(dir, "postgres", NULL),
                    *run = g_build_filename(dir, "run", "postgres", NULL);
    g_autofree char *sockets = g_strdup_printf("unix_socket_directories=%s", run);
    const char *const argv[] = {program,
                                "-D",
                                data,
                                "-c",
                                "listen_addresses=",
                                "-c",
                                sockets,
                                "-c",
                                "unix_socket_permissions=0700",
                                "-c",
                                "shared_buffers=256MB",
                                "-c",
                                "max_connections=60",
                                "-c",
                                "max_wal_size=2GB",
                                "-c",
                                "log_min_messages=warning",
                                "-c",
                                "log_destination=stderr",
                                "-c",
                                "logging_collector=off",
                                NULL};
    return g_strdupv((char **)argv);
}

char **embedded_redis_argv(const char *dir)
{
    g_autofree char *program = g_find_program_in_path("redis-server"), *socket = embedded_redis_socket(dir);
    g_autofree char *run = g_build_filename(dir, "run", NULL);
    const char *const argv[] = {program ? program : "/usr/bin/redis-server",
                                "--port",
                                "0",
                                "--unixsocket",
                                socket,
                                "--unixsocketperm",
                                "700",
                                "--save",
                                "",
                                "--appendonly",
                                "no",
                                "--dir",
                                run,
                                "--maxmemory",
                                "64mb",
                                "--maxmemory-policy",
                                "noeviction",
                                NULL};
    return g_strdupv((char **)argv);
}

char *embedded_url(const char *dir, const char *role)
{
    return g_strdup_printf("host='%s/run/postgres' dbname=%s user=%s", dir, "ticklerd", role);
}

char *embedded_redis_socket(const char *dir)
{
    return g_build_filename(dir, "run", "redis.sock", NULL);
}
