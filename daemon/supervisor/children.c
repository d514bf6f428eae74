/* The table of children: start, reap, restart, park. Never bare fork: spawn() execs at once. */
#include "children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "embedded.h"
#include "kill_point.h"
#include "log.h"

#define MINUTE_US      SECONDS(60)
#define HALF_MINUTE_US SECONDS(30)
#define QUICK_STARTS   5
#define STARTS_MAX     20

struct children {
    GPtrArray *list;
    child_ended *ended;
    void *with;
    gboolean stopping;
};

static void child_free(gpointer data)
{
    struct child *child = data;
    g_free(child->name);
    g_free(child->class);
    g_strfreev(child->argv);
    g_free(child->log);
    g_free(child->trouble);
    g_array_unref(child->recent);
    g_free(child);
}

struct children *children_new(child_ended *ended, void *with)
{
    struct children *children = g_new0(struct children, 1);
    children->list = g_ptr_array_new_with_free_func(child_free);
    children->ended = ended;
    children->with = with;
    return children;
}

void children_free(struct children *children)
{
    g_ptr_array_unref(children->list);
    g_free(children);
}

struct child *children_add(struct children *children, const char *class, int number, char **argv)
{
    struct child *child = g_new0(struct child, 1);
    child->name = number ? g_strdup_printf("%s/%d", class, number) : g_strdup(class);
    child->class = g_strdup(class);
    child->argv = argv;
    child->death_signal = SIGTERM;
    child->recent = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_ptr_array_add(children->list, child);
    return child;
}

struct child *children_find(struct children *children, const char *name)
{
    for (guint i = 0; i < children->list->len; i++)
        if (strcmp(children_at(children, i)->name, name) == 0)
            return children_at(children, i);
    return NULL;
}

guint children_count(const struct children *children)
{
    return children->list->len;
}

struct child *children_at(const struct children *children, guint index)
{
    return children->list->pdata[index];
}

static guint starts_within(struct child *child, gint64 span)
{
    guint n = 0;
    for (guint i = 0; i < child->recent->len; i++)
        n += g_array_index(child->recent, gint64, i) > clock_mono() - span;
    return n;
}

static void start(struct child *child)
{
    g_autoptr(GError) error = NULL;
    child->pid = spawn(child->argv, child->log, child->death_signal, &error);
    KILL_POINT(supervisor, forked);
    child->started = child->last_beat = clock_mono();
    child->starts++;
    child->renewing = FALSE;
    g_array_append_val(child->recent, child->started);
    while (child->recent->len > STARTS_MAX + 1)
        g_array_remove_index(child->recent, 0);
    if (child->pid > 0)
        return;
    log_error("%s", error->message);
    child->pid = 0;
    child->start_at = clock_mono() + SECONDS(1); /* fork will be possible again: no busy loop */
}

void children_start(struct children *children)
{
    for (guint i = 0; !children->stopping && i < children->list->len; i++) {
        struct child *child = children_at(children, i);
        if (!child->pid && !child->parked && !child->retired && !(child->once && child->starts) &&
            clock_mono() >= child->start_at)
            start(child);
    }
}

/* When the child may start again after an end that nobody asked for. */
static void pace(struct child *child)
{
    guint quick = starts_within(child, HALF_MINUTE_US);
    if (starts_within(child, MINUTE_US) > STARTS_MAX) {
        child->parked = TRUE;
        log_error("%s: started %d times in a minute and ended each time; parked until a reload", child->name,
                  STARTS_MAX);
    } else if (quick > QUICK_STARTS) {
        child->start_at = clock_mono() + SECONDS(1) / 4 * (quick - QUICK_STARTS);
    }
}

static void say_end(const struct child *child, int status)
{
    if (WIFSIGNALED(status))
        log_warning("%s (process %d) ended by signal %d", child->name, child->pid, WTERMSIG(status));
    else if (WEXITSTATUS(status))
        log_warning("%s (process %d) ended with exit code %d", child->name, child->pid, WEXITSTATUS(status));
    else
        log_info("%s (process %d) ended", child->name, child->pid);
}

void children_reap(struct children *children)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (guint i = 0; i < children->list->len; i++) {
            struct child *child = children_at(children, i);
            if (child->pid != pid)
                continue;
            KILL_POINT(supervisor, reaping);
            say_end(child, status);
            child->pid = 0;
            child->last_status = status;
            g_clear_pointer(&child->trouble, g_free);
            child->has_ended = TRUE;
            if (!child->renewing && !child->once && !child->retired)
                pace(child);
            children->ended(child, children->with);
        }
    children_start(children);
}

void children_check_beats(struct children *children, gint64 silence_us)
{
    for (guint i = 0; i < children->list->len; i++) {
        struct child *child = children_at(children, i);
        if (!child->beats || !child->pid || clock_mono() - child->last_beat < silence_us)
            continue;
        log_error("%s (process %d) made no progress for %d s; killed", child->name, child->pid,
                  (int)(silence_us / G_USEC_PER_SEC));
        kill(child->pid, SIGKILL);
        child->last_beat = clock_mono();
    }
}

void children_beat(struct children *children, int pid, const char *trouble)
{
    for (guint i = 0; i < children->list->len; i++) {
        struct child *child = children_at(children, i);
        if (child->pid != pid)
            continue;
        child->last_beat = clock_mono();
        g_free(child->trouble);
        child->trouble = g_strdup(trouble);
    }
}

void children_all_beat_now(struct children *children)
{
    for (guint i = 0; i < children->list->len; i++) {
        struct child *child = children_at(children, i);
        gint64 now = clock_mono();
        if (child->last_beat == child->started) /* it has yet to beat */
            child->started = now;
        child->last_beat = now;
    }
}

void children_stop_starting(struct children *children)
{
    children->stopping = TRUE;
}

static gboolean is_server(const struct child *child)
{
    return strcmp(child->class, "postgres") == 0 || strcmp(child->class, "redis") == 0;
}

void children_signal(struct children *children, gboolean servers, int signal)
{
    for (guint i = 0; i < children->list->len; i++) {
        struct child *child = children_at(children, i);
        if (!child->pid || is_server(child) != servers)
            continue;
        /* Postgres: SIGINT is its fast shutdown, SIGTERM would wait for its clients. */
        gboolean fast = signal == SIGTERM && strcmp(child->class, "postgres") == 0;
        kill(child->pid, fast ? SIGINT : signal);
    }
}

guint children_running(const struct children *children, gboolean servers)
{
    guint n = 0;
    for (guint i = 0; i < children->list->len; i++)
        n += children_at(children, i)->pid && is_server(children_at(children, i)) == servers;
    return n;
}

gboolean children_all_beat(const struct children *children, gint64 within_us)
{
    for (guint i = 0; i < children->list->len; i++) {
        const struct child *child = children_at(children, i);
        if (child->beats && !child->retired && !child->parked &&
            (!child->pid || child->last_beat == child->started || clock_mono() - child->last_beat > within_us))
            return FALSE;
    }
    return TRUE;
}

static const char *state_of(const struct child *child)
{
    return child->parked ? "parked" : child->pid ? "running" : child->once ? "finished" : "waiting";
}

struct js *children_status(const struct children *children)
{
    struct js *all = js_array();
    for (guint i = 0; i < children->list->len; i++) {
        const struct child *child = children_at(children, i);
        if (child->retired && !child->pid)
            continue;
        struct js *row = js_object();
        js_set_text(row, "process", child->name);
        js_set_text(row, "state", state_of(child));
        if (child->pid) {
            js_set_int(row, "pid", child->pid);
            js_set_int(row, "up_s", (clock_mono() - child->started) / G_USEC_PER_SEC);
        }
        js_set_text(row, "trouble", child->trouble);
        js_set_int(row, "starts", child->starts);
        if (child->has_ended && WIFSIGNALED(child->last_status))
            js_set_int(row, "last_signal", WTERMSIG(child->last_status));
        else if (child->has_ended)
            js_set_int(row, "last_exit", WEXITSTATUS(child->last_status));
        js_add(all, row);
    }
    return all;
}
