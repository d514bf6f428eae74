/* A conversation with a relay, line by line: whose fault a refusal is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attr.h"
#include "relay_reply.h"

/* "> " we said, "< " the relay said. */
static struct relay_reply after(const char *const *lines)
{
    struct relay_reply reply = {0};
    for (; *lines; lines++) {
        char line[400];
        g_snprintf(line, sizeof line, "%s\r\n", *lines + 2);
        (**lines == '>' ? relay_reply_command : relay_reply_line)(&reply, line, strlen(line));
    }
    return reply;
}

#define AFTER(...) after((const char *const[]){__VA_ARGS__, NULL})

static void each_reply_is_judged_by_its_command(void **state UNUSED)
{
    static const struct {
        const char *command, *answer;
        gboolean is_final, blames_address;
    } cases[] = {{"> EHLO me", "< 550 go away", FALSE, FALSE},
                 {"> AUTH PLAIN AGE=", "< 535 5.7.8 no", FALSE, FALSE},
                 {"> MAIL FROM:<us@agency.example>", "< 550 5.1.8 no such sender", TRUE, FALSE},
                 {"> MAIL FROM:<us@agency.example>", "< 530 5.7.0 authentication required", FALSE, FALSE},
                 {"> MAIL FROM:<us@agency.example>", "< 450 later", FALSE, FALSE},
                 {"> RCPT TO:<ap@clinic.example>", "< 550 5.1.1 no such user", TRUE, TRUE},
                 {"> RCPT TO:<ap@clinic.example>", "< 550", TRUE, TRUE},
                 {"> RCPT TO:<ap@clinic.example>", "< 450 greylisted", FALSE, FALSE},
                 {"> RCPT TO:<ap@clinic.example>", "< 552 too large", TRUE, FALSE},
                 {"> RCPT TO:<ap@clinic.example>", "< 550 5.3.4 too large", TRUE, FALSE},
                 {"> RCPT TO:<ap@clinic.example>", "< 554 5.7.1 Relay access denied", TRUE, FALSE},
                 {"> RCPT TO:<ap@clinic.example>", "< 5hello", FALSE, FALSE},
                 {"> DATA", "< 554 no", TRUE, FALSE}};
    for (gsize i = 0; i < ARRAY_LEN(cases); i++) {
        struct relay_reply reply = AFTER("< 220 ready", cases[i].command, cases[i].answer);
        assert_int_equal(relay_reply_is_final(&reply), cases[i].is_final);
        assert_int_equal(relay_reply_blames_address(&reply), cases[i].blames_address);
    }
}

/* A relay that knows no EHLO is no relay that refuses the letter. */
static void what_was_said_before_does_not_count(void **state UNUSED)
{
    struct relay_reply reply = AFTER("> EHLO me", "< 502 what?", "> HELO me", "< 250 hello", "> RCPT TO:<a@b.example>");
    assert_string_equal(reply.bad, "");
    reply = AFTER("> RCPT TO:<a@b.example>", "< 550-5.1.1 no", "< 550 such user", "> QUIT", "< 421 bye");
    assert_string_equal(reply.bad, "550-5.1.1 no\r\n");
    assert_true(relay_reply_blames_address(&reply));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_reply_is_judged_by_its_command),
                                       cmocka_unit_test(what_was_said_before_does_not_count)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
