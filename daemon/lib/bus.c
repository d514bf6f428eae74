/*
 * The event loop and the sockets, by CZMQ: the only file that knows it. CZMQ asserts on a NULL argument and on a socket
 * that cannot be made for want of descriptors; LimitNOFILE is set high, and the supervisor restarts what still dies.
 */
#include "bus.h"

#include <czmq.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#define FRAME_MAX     (64 * 1024)
#define SOCKET_FDS    8 /* that the first socket of a process may need */
#define QUEUE_MAX     1000
#define LAST_WORDS_MS 200 /* a client that leaves lets its last frames go */

struct source { /* one callback of the loop */
    struct loop *loop;
    loop_fn *fn;
    void *with;
    int fd, timer;
    gboolean once;
};

struct loop {
    zloop_t *zloop;
    GHashTable *readers; /* fd or bus -> struct source */
    GHashTable *timers;  /* id -> struct source */
    GPtrArray *retired;  /* sources cancelled inside a callback */
    gboolean stopping;
    int signal_fd;
    loop_signal_fn *on_signal;
    void *signal_with;
};

struct bus {
    zsock_t *sock;
    gboolean router;
    guint64 strangers;
};

static void never_catch_signals(void)
{
    zsys_handler_set(NULL);
}

struct loop *loop_new(void)
{
    never_catch_signals();
    struct loop *loop = g_new0(struct loop, 1);
    loop->zloop = zloop_new();
    zloop_set_nonstop(loop->zloop, true);
    loop->readers = g_hash_table_new_full(NULL, NULL, NULL, NULL);
    loop->timers = g_hash_table_new_full(NULL, NULL, NULL, NULL);
    loop->retired = g_ptr_array_new_with_free_func(g_free);
    loop->signal_fd = -1;
    return loop;
}

static void free_sources(GHashTable *table)
{
    GHashTableIter iter;
    gpointer source;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &source))
        g_free(source);
    g_hash_table_unref(table);
}

void loop_free(struct loop **loop)
{
    if (!*loop)
        return;
    zloop_destroy(&(*loop)->zloop);
    free_sources((*loop)->readers);
    free_sources((*loop)->timers);
    g_ptr_array_unref((*loop)->retired);
    if ((*loop)->signal_fd >= 0)
        close((*loop)->signal_fd);
    g_clear_pointer(loop, g_free);
}

static struct source *source_new(struct loop *loop, loop_fn *fn, void *with)
{
    struct source *source = g_new0(struct source, 1);
    *source = (struct source){.loop = loop, .fn = fn, .with = with, .fd = -1, .timer = -1};
    return source;
}

static int answer(struct loop *loop)
{
    g_ptr_array_set_size(loop->retired, 0);
    return loop->stopping ? -1 : 0;
}

static int fd_ready(zloop_t *zloop UNUSED, zmq_pollitem_t *item UNUSED, void *arg)
{
    struct source *source = arg;
    struct loop *loop = source->loop;
    source->fn(loop, source->with);
    return answer(loop);
}

static int bus_ready(zloop_t *zloop UNUSED, zsock_t *sock UNUSED, void *arg)
{
    return fd_ready(NULL, NULL, arg);
}

void loop_watch(struct loop *loop, int fd, loop_fn *fn, void *with)
{
    struct source *source = source_new(loop, fn, with);
    source->fd = fd;
    zmq_pollitem_t item = {.fd = fd, .events = ZMQ_POLLIN};
    zloop_poller(loop->zloop, &item, fd_ready, source);
    zloop_poller_set_tolerant(loop->zloop, &item);
    g_hash_table_insert(loop->readers, GINT_TO_POINTER(fd + 1), source);
}

static void retire(struct loop *loop, GHashTable *table, gpointer key)
{
    struct source *source = g_hash_table_lookup(table, key);
    if (!source)
        return;
    g_hash_table_remove(table, key);
    g_ptr_array_add(loop->retired, source);
}

void loop_unwatch(struct loop *loop, int fd)
{
    zmq_pollitem_t item = {.fd = fd, .events = ZMQ_POLLIN};
    zloop_poller_end(loop->zloop, &item);
    retire(loop, loop->readers, GINT_TO_POINTER(fd + 1));
}

void loop_watch_bus(struct loop *loop, struct bus *bus, loop_fn *fn, void *with)
{
    struct source *source = source_new(loop, fn, with);
    zloop_reader(loop->zloop, bus->sock, bus_ready, source);
    zloop_reader_set_tolerant(loop->zloop, bus->sock);
    g_hash_table_insert(loop->readers, bus, source);
}

void loop_unwatch_bus(struct loop *loop, struct bus *bus)
{
    zloop_reader_end(loop->zloop, bus->sock);
    retire(loop, loop->readers, bus);
}

static int timer_ready(zloop_t *zloop UNUSED, int timer, void *arg)
{
    struct source *source = arg;
    struct loop *loop = source->loop;
    loop_fn *fn = source->fn;
    void *with = source->with;
    if (source->once)
        retire(loop, loop->timers, GINT_TO_POINTER(timer));
    fn(loop, with);
    return answer(loop);
}

static int add_timer(struct loop *loop, guint ms, gboolean once, loop_fn *fn, void *with)
{
    struct source *source = source_new(loop, fn, with);
    source->once = once;
    source->timer = zloop_timer(loop->zloop, MAX(ms, 1), once ? 1 : 0, timer_ready, source);
    g_hash_table_insert(loop->timers, GINT_TO_POINTER(source->timer), source);
    return source->timer;
}

int loop_every(struct loop *loop, guint every_ms, loop_fn *fn, void *with)
{
    return add_timer(loop, every_ms, FALSE, fn, with);
}

int loop_after(struct loop *loop, guint after_ms, loop_fn *fn, void *with)
{
    return add_timer(loop, after_ms, TRUE, fn, with);
}

void loop_cancel(struct loop *loop, int timer)
{
    zloop_timer_end(loop->zloop, timer);
    retire(loop, loop->timers, GINT_TO_POINTER(timer));
}

static void loop_signal_set(sigset_t *set)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
    sigemptyset(set);
    for (gsize i = 0; i < ARRAY_LEN(numbers); i++)
        sigaddset(set, numbers[i]);
}

void loop_block_signals(void)
{
    sigset_t set;
    loop_signal_set(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a log at its size limit is an error of write, not our end */
}

static void signals_ready(struct loop *loop, void *with UNUSED)
{
    struct signalfd_siginfo info;
    while (read(loop->signal_fd, &info, sizeof info) == sizeof info)
        loop->on_signal(loop, (int)info.ssi_signo, loop->signal_with);
}

void loop_signals(struct loop *loop, loop_signal_fn *fn, void *with)
{
    sigset_t set;
    loop_signal_set(&set);
    loop->on_signal = fn;
    loop->signal_with = with;
    loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    loop_watch(loop, loop->signal_fd, signals_ready, NULL);
}

void loop_run(struct loop *loop)
{
    loop->stopping = FALSE;
    while (!loop->stopping && zloop_start(loop->zloop) == 0)
        continue;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = TRUE;
}

/* The one place where a socket gets its limits. */
static struct bus *bus_new(int type)
{
    never_catch_signals();
    struct bus *bus = g_new0(struct bus, 1);
    bus->router = type == ZMQ_ROUTER;
    bus->sock = zsock_new(type);
    zsock_set_linger(bus->sock, bus->router ? 0 : LAST_WORDS_MS);
    zsock_set_sndhwm(bus->sock, QUEUE_MAX);
    zsock_set_rcvhwm(bus->sock, QUEUE_MAX);
    zsock_set_sndtimeo(bus->sock, 0);
    zsock_set_rcvtimeo(bus->sock, 0);
    zsock_set_maxmsgsize(bus->sock, FRAME_MAX);
    zsock_set_reconnect_ivl(bus->sock, 50);
    zsock_set_reconnect_ivl_max(bus->sock, 500);
    if (bus->router) {
        zsock_set_router_mandatory(bus->sock, 1);
        zsock_set_router_handover(bus->sock, 1);
    }
    return bus;
}

static gboolean path_fits(const char *path, GError **error)
{
    if (strlen(path) <= 107)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG,
                "%s: a socket's path may have 107 bytes and this has %zu; choose a shorter --dir", path, strlen(path));
    return FALSE;
}

/* CZMQ would end the process, without a word that helps. */
static gboolean has_descriptors(GError **error)
{
    int taken[SOCKET_FDS], n = 0, why = 0;
    while (n < SOCKET_FDS && (taken[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
        n++;
    why = errno;
    gboolean good = n == SOCKET_FDS;
    while (n-- > 0)
        close(taken[n]);
    if (!good)
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(why),
                    "no descriptor is left for a socket (%s); raise LimitNOFILE", g_strerror(why));
    return good;
}

struct bus *bus_listen(const char *path, GError **error)
{
    if (!path_fits(path, error) || !has_descriptors(error))
        return NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat st;
    if (g_mkdir_with_parents(folder, 0700) != 0 || stat(folder, &st) != 0 || st.st_uid != getuid() ||
        (st.st_mode & 077) != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES,
                    "%s: the folder of a queue must be ours alone (mode 0700, our user)", folder);
        return NULL;
    }
    unlink(path);
    struct bus *bus = bus_new(ZMQ_ROUTER);
    if (zsock_bind(bus->sock, "ipc://%s", path) >= 0)
        return bus;
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot listen at %s: %s", path,
                zmq_strerror(errno));
    bus_close(&bus);
    return NULL;
}

struct bus *bus_connect(const char *path, const char *name, GError **error)
{
    if (!path_fits(path, error) || !has_descriptors(error))
        return NULL;
    struct bus *bus = bus_new(ZMQ_DEALER);
    zsock_set_identity(bus->sock, name);
    if (zsock_connect(bus->sock, "ipc://%s", path) == 0)
        return bus;
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot connect to %s: %s", path,
                zmq_strerror(errno));
    bus_close(&bus);
    return NULL;
}

void bus_close(struct bus **bus)
{
    if (!*bus)
        return;
    zsock_destroy(&(*bus)->sock);
    g_clear_pointer(bus, g_free);
}

gboolean bus_send(struct bus *bus, const char *to, GBytes *frame)
{
    gsize size;
    const void *data = g_bytes_get_data(frame, &size);
    void *handle = zsock_resolve(bus->sock);
    if (bus->router && zmq_send(handle, to, strlen(to), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return FALSE;
    return zmq_send(handle, data, size, ZMQ_DONTWAIT) >= 0;
}

static char *peer_name(zframe_t *frame)
{
    gsize size = zframe_size(frame);
    if (size == 0 || size > 200)
        return NULL;
    for (gsize i = 0; i < size; i++)
        if (!g_ascii_isgraph((char)zframe_data(frame)[i]))
            return NULL;
    return g_strndup((const char *)zframe_data(frame), size);
}

GBytes *bus_receive(struct bus *bus, char **ret_from)
{
    for (;;) {
        zmsg_t *message = zmsg_recv(bus->sock);
        if (!message)
            return NULL;
        zframe_t *name = bus->router ? zmsg_first(message) : NULL;
        zframe_t *body = bus->router ? zmsg_next(message) : zmsg_first(message);
        g_autofree char *from = name ? peer_name(name) : NULL;
        gboolean fits = zmsg_size(message) == (bus->router ? 2u : 1u) && (!bus->router || from);
        GBytes *frame = fits ? g_bytes_new(zframe_data(body), zframe_size(body)) : NULL;
        zmsg_destroy(&message);
        if (!frame) {
            bus->strangers++;
            continue;
        }
        if (ret_from)
            *ret_from = g_steal_pointer(&from);
        return frame;
    }
}

GBytes *bus_receive_wait(struct bus *bus, int wait_ms)
{
    zsock_set_rcvtimeo(bus->sock, wait_ms);
    GBytes *frame = bus_receive(bus, NULL);
    zsock_set_rcvtimeo(bus->sock, 0);
    return frame;
}

guint64 bus_strangers(const struct bus *bus)
{
    return bus->strangers;
}
