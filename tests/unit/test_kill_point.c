/* Kill points: each action at the pass that was asked for, a mark made once, a wrong wish refused; none in release. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kill_point.h"

#define PASSES       4
#define FELL_THROUGH 40 /* plus the passes that were made */

static char *self;

/* What this program does when it is started by the tests below: passes two points, counting. */
static int pass_points(void)
{
    for (int pass = 0; pass < PASSES; pass++) {
        KILL_POINT(worker, received);
        KILL_POINT_OF(worker, decide, pass % 2 ? "invoice:INV-1" : "invoice:INV-2");
        if (write(STDOUT_FILENO, ".", 1) != 1)
            return 1;
    }
    return FELL_THROUGH;
}

/* Runs this program again with a variable set, and a second one or NULL; answers its wait status, and in *ret_passes
 * how many rounds it made. */
static int run_with(const char *name, const char *value, const char *mark, guint *ret_passes)
{
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), name, value, TRUE);
    environment = g_environ_setenv(environment, "TICKLER_PASS_POINTS", "1", TRUE);
    if (mark)
        environment = g_environ_setenv(environment, "TICKLER_KILL_MARK", mark, TRUE);
    char *argv[] = {self, NULL};
    g_autofree char *out = NULL;
    int status = 0;
    assert_true(
        g_spawn_sync(NULL, argv, environment, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, &status, NULL));
    *ret_passes = (guint)strlen(out);
    return status;
}

static int run(const char *wish, const char *mark, guint *ret_passes)
{
    return run_with("TICKLER_KILL_AT", wish, mark, ret_passes);
}

#ifdef TICKLER_KILL_POINTS

static void each_action_at_its_pass(void **state)
{
    (void)state;
    static const struct {
        const char *wish;
        int signal, code;
        guint passes;
    } cases[] = {
        {"worker.received:1:kill", SIGKILL, 0, 0},
        {"worker.received:3:kill", SIGKILL, 0, 2},
        {"worker.received:2:abort", SIGABRT, 0, 1},
        {"worker.received:4:exit:7", 0, 7, 3},
        {"worker.received:2:sleep:1", 0, FELL_THROUGH, PASSES},
        {"worker.received:5:kill", 0, FELL_THROUGH, PASSES},
        {"worker.claimed:1:kill", 0, FELL_THROUGH, PASSES},
        {"worker.decide@invoice:INV-1:1:kill", SIGKILL, 0, 1},
        {"worker.decide@invoice:INV-2:2:kill", SIGKILL, 0, 2},
        {"worker.decide@invoice:INV-3:1:kill", 0, FELL_THROUGH, PASSES},
        {"", 0, FELL_THROUGH, PASSES},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint passes;
        int status = run(cases[i].wish, NULL, &passes);
        assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, cases[i].signal);
        if (!cases[i].signal)
            assert_int_equal(WEXITSTATUS(status), cases[i].code);
        assert_int_equal(passes, cases[i].passes);
    }
}

static void eating_ends_by_sigkill(void **state)
{
    (void)state;
    guint passes;
    int status = run("worker.received:1:eat", NULL, &passes);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Stopped, and looping: alive until somebody ends it. */
static void stop_and_loop_stay(void **state)
{
    (void)state;
    static const char *const wishes[] = {"worker.received:1:stop", "worker.received:1:loop"};
    for (gsize i = 0; i < G_N_ELEMENTS(wishes); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            setenv("TICKLER_KILL_AT", wishes[i], 1);
            setenv("TICKLER_PASS_POINTS", "1", 1);
            execl(self, self, NULL);
            _exit(127);
        }
        int status = 0;
        if (i == 0) {
            assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
            assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
        }
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}

static void a_mark_is_made_once(void **state)
{
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("kill-point-XXXXXX", NULL), *mark = g_build_filename(dir, "mark", NULL);
    guint passes;
    int status = run("worker.received:2:kill", mark, &passes);
    assert_true(WIFSIGNALED(status));
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(mark, &text, NULL, NULL));
    g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", -1);
    assert_int_equal(g_strv_length(words), 3);
    assert_true(atoi(words[0]) > 1);
    assert_string_equal(words[2], "worker.received");
    status = run("worker.received:2:kill", mark, &passes);
    assert_true(WIFEXITED(status) && passes == PASSES);
    g_unlink(mark);
    g_rmdir(dir);
}

/* A wish in a file is for one act: then the file has another name, until a new one is made. */
static void a_file_is_a_wish_for_one_act(void **state)
{
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("kill-point-XXXXXX", NULL), *file = g_build_filename(dir, "wish", NULL);
    g_autofree char *after = g_strconcat(file, ".passed", NULL);
    guint passes;
    assert_true(WIFEXITED(run_with("TICKLER_KILL_FILE", file, NULL, &passes)) && passes == PASSES);
    for (int round = 0; round < 2; round++) {
        assert_true(g_file_set_contents(file, "worker.received:3:kill", -1, NULL));
        assert_true(WIFSIGNALED(run_with("TICKLER_KILL_FILE", file, NULL, &passes)) && passes == 2);
        assert_true(WIFEXITED(run_with("TICKLER_KILL_FILE", file, NULL, &passes)) && passes == PASSES);
        g_autofree char *text = NULL;
        assert_true(g_file_get_contents(after, &text, NULL, NULL) && g_str_has_suffix(text, " worker.received\n"));
    }
    g_unlink(after);
    g_rmdir(dir);
}

static void a_wrong_wish_is_refused(void **state)
{
    (void)state;
    static const char *const wishes[] = {"worker.recieved:1:kill",   "worker.received:0:kill", "worker.received:1:die",
                                         "worker.received:1",        "worker.received:1:exit", ":1:kill",
                                         "worker.received:1:kill:9", "worker.received"};
    for (gsize i = 0; i < G_N_ELEMENTS(wishes); i++) {
        guint passes;
        int status = run(wishes[i], NULL, &passes);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2 && passes == 0);
    }
}

#else

static void a_release_has_none(void **state)
{
    (void)state;
    guint passes;
    int status = run("worker.received:1:kill", NULL, &passes);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == FELL_THROUGH && passes == PASSES);
}

#endif

int main(void)
{
    if (g_getenv("TICKLER_PASS_POINTS"))
        return pass_points();
    self = g_file_read_link("/proc/self/exe", NULL);
    static const struct CMUnitTest tests[] = {
#ifdef TICKLER_KILL_POINTS
        cmocka_unit_test(each_action_at_its_pass), cmocka_unit_test(eating_ends_by_sigkill),
        cmocka_unit_test(stop_and_loop_stay),      cmocka_unit_test(a_mark_is_made_once),
        cmocka_unit_test(a_wrong_wish_is_refused), cmocka_unit_test(a_file_is_a_wish_for_one_act),
#else
        cmocka_unit_test(a_release_has_none),
#endif
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_free(self);
    return failed;
}
