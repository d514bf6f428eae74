/* A relay that closes the line inside a letter, and behind it: what had not gone whole cannot have been accepted. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transfer.h"

#define LETTER_SIZE ((gsize)24 << 20) /* more than the kernel keeps on the way */

struct host {
    int listener;
    gsize read_most; /* of the letter, before it closes */
};

static void say(int line, const char *words)
{
    assert_true(write(line, words, strlen(words)) == (ssize_t)strlen(words));
}

/* Answers one command after the other, then reads the letter, or a part of it. */
static void *receive(void *with)
{
    const struct host *host = with;
    static char bytes[1 << 16];
    int line = accept(host->listener, NULL, NULL);
    say(line, "220 ready\r\n");
    for (gboolean is_data = FALSE; !is_data;) {
        ssize_t n = read(line, bytes, sizeof bytes);
        assert_true(n > 0);
        is_data = n > 4 && memcmp(bytes, "DATA", 4) == 0;
        say(line, is_data ? "354 go on\r\n" : "250 ok\r\n");
    }
    gboolean is_whole = FALSE;
    for (gsize got = 0; got < host->read_most && !is_whole;) {
        ssize_t n = read(line, bytes, sizeof bytes);
        if (n <= 0)
            break;
        got += (gsize)n;
        is_whole = n >= 5 && memcmp(bytes + n - 5, "\r\n.\r\n", 5) == 0;
    }
    close(line);
    return NULL;
}

static enum delivery deliver(gsize read_most)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    struct host host = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .read_most = read_most};
    assert_int_equal(bind(host.listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(host.listener, 4), 0);
    assert_int_equal(getsockname(host.listener, (struct sockaddr *)&address, &length), 0);
    GThread *thread = g_thread_new("host", receive, &host);
    g_autofree char *url = g_strdup_printf("smtp://127.0.0.1:%d", ntohs(address.sin_port));
    const struct relay_settings settings = {.url = url, .timeout_s = 60, .connections = 1};
    struct relay *relay = relay_open(&settings, NULL);
    char *text = g_malloc(LETTER_SIZE);
    memset(text, 'x', LETTER_SIZE);
    for (gsize i = 78; i < LETTER_SIZE; i += 80)
        memcpy(text + i, "\r\n", MIN(2, LETTER_SIZE - i));
    g_autoptr(GBytes) letter = g_bytes_new_take(text, LETTER_SIZE);
    struct relay_answer answer = {0};
    relay_begin(relay, "us@agency.example", "ap@clinic.example", letter, letter);
    assert_ptr_equal(relay_wait(relay, 90 * G_USEC_PER_SEC, &answer), letter);
    g_free(answer.reply);
    relay_close(&relay);
    g_thread_join(thread);
    close(host.listener);
    return answer.delivery;
}

static void a_part_of_a_letter_was_not_accepted(void **state G_GNUC_UNUSED)
{
    assert_int_equal(deliver(10000), DELIVERY_LATER);
}

static void a_whole_letter_may_have_been(void **state G_GNUC_UNUSED)
{
    assert_int_equal(deliver(G_MAXSIZE), DELIVERY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_part_of_a_letter_was_not_accepted),
                                       cmocka_unit_test(a_whole_letter_may_have_been)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
