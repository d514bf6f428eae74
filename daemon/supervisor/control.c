/* control.c: the control socket, which tells the status, reloads and stops; and the reload itself. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "house.h"
#include "kill_point.h"
#include "log.h"
#include "notify.h"

struct config *house_load_config(const struct house *house, struct problems *problems)
{
    struct config *config = config_load(house->config_source, house->process.dir, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        log_error("%s", problems_text(problems, i));
    return config;
}

/* Scheduler and rooms drain and come back with the new configuration; rooms that it does not staff stay away. */
static void renew_workers(struct house *house)
{
    for (guint i = 0; i < children_count(house->children); i++) {
        struct child *child = children_at(house->children, i);
        if (!child->beats)
            continue;
        child->retired = strcmp(child->class, "scheduler") != 0;
        child->parked = FALSE;
        child->renewing = TRUE;
        if (child->pid)
            kill(child->pid, SIGTERM);
        KILL_POINT(supervisor, reload_renewing);
    }
    house_staff_rooms(house);
}

gboolean house_reload(struct house *house, struct js *reply)
{
    notify_systemd("STATUS=reloading");
    struct problems *problems = problems_new();
    struct config *config = house_load_config(house, problems);
    g_autoptr(GError) error = NULL;
    gboolean good = config && config_copy(house->config_source, house->in_force, &error);
    struct js *list = js_array();
    for (guint i = 0; i < problems_count(problems); i++)
        js_add_text(list, problems_text(problems, i));
    if (error)
        js_add_text(list, error->message);
    js_set(reply, "problems", list);
    problems_free(problems);
    if (!good) {
        config_free(config);
        log_error("reload refused: the running configuration stays in force");
        notify_systemd("STATUS=reload refused: the running configuration stays in force");
        return FALSE;
    }
    config_free(house->config);
    house->config = config;
    KILL_POINT(supervisor, reload_copied);
    renew_workers(house);
    children_start(house->children);
    log_info("reloaded");
    notify_systemd("STATUS=running");
    return TRUE;
}

/* --- the control socket */

struct js *house_status(const struct house *house)
{
    struct js *all = js_object();
    js_set_int(all, "pid", getpid());
    js_set_bool(all, "ready", house->ready);
    js_set_bool(all, "draining", house->draining);
    js_set(all, "processes", children_status(house->children));
    return all;
}

static struct js *answer(struct house *house, const char *what)
{
    struct js *reply = js_object();
    if (strcmp(what, "status") == 0)
        js_set(reply, "status", house_status(house));
    else if (strcmp(what, "reload") == 0)
        js_set_bool(reply, "good", house_reload(house, reply));
    else if (strcmp(what, "stop") == 0)
        house_drain(house, 0);
    else
        js_set_text(reply, "refused", "known are status, reload and stop");
    return reply;
}

static void hear(struct house *house, GBytes *frame, const char *from)
{
    gsize length;
    const char *text = g_bytes_get_data(frame, &length);
    AUTO_JS struct js *request = js_parse(text, length, NULL);
    if (!request)
        return;
    if (!js_get_text(request, "do")) {
        children_beat(house->children, (int)js_get_int(request, "beat", 0), js_get_text(request, "trouble"));
        return;
    }
    AUTO_JS struct js *reply = answer(house, js_get_text(request, "do"));
    g_autofree char *line = js_print(reply);
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));
    if (!bus_send(house->control, from, bytes))
        log_debug("a client of the control socket left before its answer");
}

void house_hear_control(struct loop *loop UNUSED, void *with)
{
    struct house *house = with;
    for (;;) {
        g_autofree char *from = NULL;
        g_autoptr(GBytes) frame = bus_receive(house->control, &from);
        if (!frame)
            return;
        hear(house, frame, from);
    }
}
