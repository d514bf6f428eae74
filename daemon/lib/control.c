/* The client's side of the supervisor's control socket. */
#include "control.h"

#include <string.h>
#include <unistd.h>

#include "process.h"

static struct bus *open_control(const char *dir, const char *purpose)
{
    g_autofree char *path = process_run_path(dir, "control"), *name = g_strdup_printf("%s-%d", purpose, getpid());
    return g_file_test(path, G_FILE_TEST_EXISTS) ? bus_connect(path, name, NULL) : NULL;
}

struct js *control_ask(const char *dir, const char *what, int wait_ms)
{
    struct bus *bus = open_control(dir, "client");
    if (!bus)
        return NULL;
    AUTO_JS struct js *request = js_object();
    js_set_text(request, "do", what);
    g_autofree char *line = js_print(request);
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));
    g_autoptr(GBytes) answer = bus_send(bus, NULL, bytes) ? bus_receive_wait(bus, wait_ms) : NULL;
    bus_close(&bus);
    gsize length = 0;
    const char *text = answer ? g_bytes_get_data(answer, &length) : NULL;
    return text ? js_parse(text, length, NULL) : NULL;
}

static char *trouble;

static void beat(struct loop *loop UNUSED, void *with)
{
    AUTO_JS struct js *message = js_object();
    js_set_int(message, "beat", getpid());
    js_set_text(message, "trouble", trouble);
    g_autofree char *line = js_print(message);
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));
    (void)!bus_send(with, NULL, bytes); /* nobody listens: nobody needs to know */
}

static struct bus *beat_bus;

void control_beat(struct loop *loop, const char *dir)
{
    beat_bus = open_control(dir, "beat");
    if (!beat_bus)
        return;
    beat(loop, beat_bus);
    loop_every(loop, 1000, beat, beat_bus);
}

void control_beat_now(void)
{
    if (beat_bus)
        beat(NULL, beat_bus);
}

void control_trouble(const char *sentence)
{
    g_free(trouble);
    trouble = g_strdup(sentence);
    control_beat_now();
}

void control_close(void)
{
    bus_close(&beat_bus);
}
