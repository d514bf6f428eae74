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
#include <sys/stat.h>
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

struct wish {
    enum kill_point point;
    char text[128]; /* empty: any */
    unsigned nth;
    const struct action *action; /* NULL: nothing is wished for */
    long number;
};

static struct wish wish;
static unsigned passed;
static const char *mark, *file; /* of the environment */
static struct stat file_read;   /* which file the wish is from */

/* --- reading the wish */

static enum kill_point find_point(const char *name)
{
    int at = 0;
    while (at < KILL_POINT_COUNT && strcmp(names[at], name) != 0)
        at++;
    return (enum kill_point)at;
}

static const struct action *find_action(const char *word, gboolean has_number)
{
    for (gsize i = 0; word && i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].word, word) == 0 && actions[i].has_number == has_number)
            return &actions[i];
    return NULL;
}

/* What stands behind the last colon of `text`, which ends before it now; NULL when there is none. */
static char *cut_last(char *text)
{
    char *colon = strrchr(text, ':');
    if (!colon)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static gboolean is_number(const char *word)
{
    return word && *word && strlen(word) < 9 && strspn(word, "0123456789") == strlen(word);
}

/* Taken from its end: a text may hold colons. */
static gboolean parse(const char *line, struct wish *ret)
{
    char copy[256];
    *ret = (struct wish){0};
    if (g_strlcpy(copy, line, sizeof copy) >= sizeof copy)
        return FALSE;
    char *last = cut_last(copy), *word = is_number(last) ? cut_last(copy) : last, *nth = word ? cut_last(copy) : NULL;
    char *text = strchr(copy, '@');
    if (text)
        *text++ = '\0';
    ret->action = find_action(word, last != word);
    ret->number = last != word ? strtol(last, NULL, 10) : 0;
    ret->nth = is_number(nth) ? (unsigned)strtoul(nth, NULL, 10) : 0;
    ret->point = find_point(copy);
    return ret->action && ret->nth && ret->point != KILL_POINT_COUNT &&
           g_strlcpy(ret->text, text ? text : "", sizeof ret->text) < sizeof ret->text;
}

static void refuse(const char *line)
{
    dprintf(STDERR_FILENO, "kill point '%s': write NAME[@TEXT]:NTH:ACTION. Actions:", line);
    for (gsize i = 0; i < ARRAY_LEN(actions); i++)
        dprintf(STDERR_FILENO, " %s%s", actions[i].word, actions[i].has_number ? ":N" : "");
    dprintf(STDERR_FILENO, ". Names:");
    for (int i = 0; i < KILL_POINT_COUNT; i++)
        dprintf(STDERR_FILENO, " %s", names[i]);
    dprintf(STDERR_FILENO, "\n");
    _exit(2);
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *line = getenv("TICKLER_KILL_AT");
    mark = getenv("TICKLER_KILL_MARK");
    file = getenv("TICKLER_KILL_FILE");
    if (line && *line && !parse(line, &wish))
        refuse(line);
}

/* A file made since the last pass is a new wish, and passes count anew. */
static void read_wish_file(void)
{
    char line[256];
    struct stat now;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &now) != 0) {
        wish.action = NULL;
        return;
    }
    gboolean is_new = !wish.action || now.st_ino != file_read.st_ino ||
                      memcmp(&now.st_mtim, &file_read.st_mtim, sizeof now.st_mtim) != 0;
    ssize_t length = is_new ? read(fd, line, sizeof line - 1) : 0;
    close(fd);
    if (!is_new)
        return;
    line[MAX(length, 0)] = '\0';
    file_read = now;
    passed = 0;
    if (!parse(line, &wish))
        refuse(line);
}

/* --- passing */

/* TRUE when no other process was here before. */
static gboolean make_mark(void)
{
    char path[256];
    if (!mark && !file)
        return TRUE;
    if (file && ((size_t)snprintf(path, sizeof path, "%s.passed", file) >= sizeof path || rename(file, path) != 0))
        return FALSE;
    int fd = open(file ? path : mark, O_WRONLY | O_CLOEXEC | (file ? O_TRUNC : O_CREAT | O_EXCL), 0644);
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
    if (file)
        read_wish_file();
    if (!wish.action || point != wish.point || (*wish.text && strcmp(text, wish.text) != 0))
        return;
    if (++passed == wish.nth && make_mark())
        wish.action->act(wish.number);
}
