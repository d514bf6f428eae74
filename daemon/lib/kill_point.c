/*
 * The wish is read once, before main: a pass only compares numbers. What acts makes no use of the heap or of GLib,
 * since it may stand between fork and exec.
 */
#include "kill_point.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attr.h"

#define EATEN_MAX  ((size_t)1 << 30)
#define EATEN_STEP ((size_t)16 << 20)

static const char *const names[] = {
#define POINT(part, place) [KILL_POINT_##part##_##place] = #part "." #place,
    KILL_POINTS(POINT)
#undef POINT
};

static void act_kill(long unused UNUSED)
{
    kill(getpid(), SIGKILL);
}

static void act_abort(long unused UNUSED)
{
    abort();
}

static void act_stop(long unused UNUSED)
{
    kill(getpid(), SIGSTOP);
}

static void act_loop(long unused UNUSED)
{
    for (volatile int always = 1; always;)
        continue;
}

/* The first for the kernel's killer, should the machine have less than that. */
static void act_eat(long unused UNUSED)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "1000", 4) == 4)
        close(fd);
    for (size_t eaten = 0; eaten < EATEN_MAX; eaten += EATEN_STEP) {
        void *at = mmap(NULL, EATEN_STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            break;
        memset(at, 1, EATEN_STEP);
    }
    kill(getpid(), SIGKILL);
}

static void act_sleep(long milliseconds)
{
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

static void act_exit(long code)
{
    _exit((int)code);
}

static const struct action {
    const char *word;
    void (*act)(long number);
    gboolean has_number;
} actions[] = {
    {"kill", act_kill, FALSE}, {"abort", act_abort, FALSE}, {"stop", act_stop, FALSE}, {"loop", act_loop, FALSE},
    {"eat", act_eat, FALSE},   {"sleep", act_sleep, TRUE},  {"exit", act_exit, TRUE},
};

static struct {
    enum kill_point point;
    char *text; /* NULL: any */
    const char *mark;
    unsigned nth, passed;
    const struct action *action; /* NULL: nothing is wished for */
    long number;
} wish;

/* --- reading the wish */

static enum kill_point find_point(const char *name)
{
    int at = 0;
    while (at < KILL_POINT_COUNT && strcmp(names[at], name) != 0)
        at++;
    return (enum kill_point)at;
}

static const struct action *find_action(const char *word, const char *number)
{
    for (gsize i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].word, word) == 0 && actions[i].has_number == (*number != '\0'))
            return &actions[i];
    return NULL;
}

static void refuse(const char *value)
{
    fprintf(stderr, "TICKLER_KILL_AT=%s: write NAME[@TEXT]:NTH:ACTION. Actions:", value);
    for (gsize i = 0; i < ARRAY_LEN(actions); i++)
        fprintf(stderr, " %s%s", actions[i].word, actions[i].has_number ? ":N" : "");
    fprintf(stderr, ". Names:");
    for (int i = 0; i < KILL_POINT_COUNT; i++)
        fprintf(stderr, " %s", names[i]);
    fprintf(stderr, "\n");
    _exit(2);
}

__attribute__((constructor)) static void read_wish(void)
{
    const char *value = getenv("TICKLER_KILL_AT");
    if (!value || !*value)
        return;
    g_autoptr(GRegex) form =
        g_regex_new("^([a-z_.]+)(?:@(.+))?:([1-9][0-9]{0,8}):([a-z]+)(?::([0-9]{1,8}))?$", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(form, value, 0, &match))
        refuse(value);
    g_autofree char *name = g_match_info_fetch(match, 1), *text = g_match_info_fetch(match, 2);
    g_autofree char *nth = g_match_info_fetch(match, 3), *word = g_match_info_fetch(match, 4);
    g_autofree char *number = g_match_info_fetch(match, 5);
    wish.point = find_point(name);
    wish.action = find_action(word, number ? number : "");
    if (wish.point == KILL_POINT_COUNT || !wish.action)
        refuse(value);
    wish.text = *text ? g_steal_pointer(&text) : NULL;
    wish.nth = (unsigned)atoi(nth);
    wish.number = number ? atol(number) : 0;
    wish.mark = getenv("TICKLER_KILL_MARK");
}

/* --- passing */

/* TRUE when no other process was here before. */
static gboolean make_mark(void)
{
    if (!wish.mark)
        return TRUE;
    int fd = open(wish.mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return FALSE;
    char line[200];
    int length =
        snprintf(line, sizeof line, "%d %s %s\n", (int)getpid(), program_invocation_short_name, names[wish.point]);
    gboolean good = write(fd, line, (size_t)length) == length;
    close(fd);
    return good;
}

void kill_point_pass(enum kill_point point, const char *text)
{
    if (!wish.action || point != wish.point || (wish.text && strcmp(text, wish.text) != 0))
        return;
    if (++wish.passed == wish.nth && make_mark())
        wish.action->act(wish.number);
}
