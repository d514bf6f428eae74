/*
 * The reader of delivery reports: how Postfix, Exim, Exchange and Gmail write them (samples of our own in their shape),
 * what is no report, and what nobody should ever send. Needs no server.
 */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* a table names only what matters to a row */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bounce.h"

#define ID "0123456789abcdef0123456789abcdef.ticklerd@agency.example"

/* A report of three parts: words, `status`, and the returned letter as a part of `returned_type`. */
#define REPORT(headers, status_type, status, returned_type, returned)                                                  \
    "From: MAILER-DAEMON@mx.example\nTo: billing@agency.example\nSubject: Undelivered Mail Returned to "               \
    "Sender\n" headers                                                                                                 \
    "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\n\n"              \
    "--b1\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system.\n\n"                                 \
    "--b1\nContent-Type: " status_type "\n\n" status "\n--b1\nContent-Type: " returned_type "\n\n" returned            \
    "\n--b1--\n"

#define LETTER "From: billing@agency.example\nTo: ap@clinic.example\nSubject: Invoice\nMessage-Id: <" ID ">\n\nHello\n"

static const struct sample {
    const char *name, *bytes;
    enum bounce_kind kind;
    const char *final, *original, *reason, *id;
} samples[] = {
    {"Postfix, no such user",
     REPORT("Auto-Submitted: auto-replied\n", "message/delivery-status",
            "Reporting-MTA: dns; mx.agency.example\nX-Postfix-Queue-ID: 4Abc\nX-Postfix-Sender: rfc822; "
            "billing@agency.example\nArrival-Date: Thu,  4 Feb 2027 09:00:01 -0600 (CST)\n\n"
            "Final-Recipient: rfc822; AP@Clinic.example\nOriginal-Recipient: rfc822;ap@clinic.example\nAction: failed\n"
            "Status: 5.1.1\nRemote-MTA: dns; mail.clinic.example\nDiagnostic-Code: smtp; 550 5.1.1\n"
            "    <ap@clinic.example>: Recipient address rejected:\n    User unknown\n",
            "message/rfc822", LETTER),
     BOUNCE_PERMANENT, "ap@clinic.example", "ap@clinic.example",
     "5.1.1, smtp; 550 5.1.1    <ap@clinic.example>: Recipient address rejected:    User unknown", ID},
    {"Postfix, headers only",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: failed\nStatus: 5.2.2\n",
            "text/rfc822-headers", LETTER),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL, "5.2.2", ID},
    {"Postfix, a delay",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: delayed\nStatus: 4.4.1\n"
            "Will-Retry-Until: Tue,  9 Feb 2027 09:00:01 -0600 (CST)\n",
            "message/rfc822", LETTER),
     BOUNCE_NOTHING, "ap@clinic.example", NULL, "4.4.1", ID},
    {"Postfix, given up after days",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: failed\nStatus: 4.4.1\n"
            "Diagnostic-Code: X-Postfix; connect to mail.clinic.example: Connection timed out\n",
            "message/rfc822", LETTER),
     BOUNCE_UNDELIVERED, "ap@clinic.example", NULL,
     "4.4.1, X-Postfix; connect to mail.clinic.example: Connection timed out", ID},
    {"Exim, with its own header and a blank status",
     REPORT("X-Failed-Recipients: ap@clinic.example\nReferences: <" ID ">\n", "message/delivery-status",
            "Reporting-MTA: dns; host.example\n\nAction: failed\nFinal-Recipient: rfc822;ap@clinic.example\n"
            "Status: 5.0.0\nRemote-MTA: dns; mail.clinic.example\nDiagnostic-Code: smtp; 550 No Such User Here\n",
            "message/rfc822", "Return-path: <billing@agency.example>\n" LETTER),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL, "5.0.0, smtp; 550 No Such User Here", ID},
    {"Exchange, without the returned letter's own id but with a reply's",
     REPORT("In-Reply-To: <" ID ">\nX-MS-Exchange-Message-Is-Ndr:\n", "message/delivery-status",
            "Reporting-MTA: dns;SA1PR01.prod.outlook.example\nReceived-From-MTA: dns;mx.agency.example\n"
            "Arrival-Date: Thu, 4 Feb 2027 15:00:02 +0000\n\nFinal-Recipient: rfc822;ap@clinic.example\n"
            "Action: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound\n"
            "X-Display-Name: ap@clinic.example\n",
            "message/rfc822", "From: billing@agency.example\nMessage-ID: <other@prod.outlook.example>\n\nx\n"),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL, "5.1.10, smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound", ID},
    {"Gmail, the id replaced, ours beside it",
     REPORT("X-Failed-Recipients: ap@clinic.example\n", "message/delivery-status",
            "Reporting-MTA: dns; googlemail.example\nX-Original-Message-ID: <x@mx.example>\n\n"
            "Final-Recipient: rfc822; ap@clinic.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\n"
            "Last-Attempt-Date: Thu, 04 Feb 2027 07:00:04 -0800 (PST)\n",
            "message/rfc822", "Message-ID: <replaced@mx.example>\nX-Ticklerd-Id: " ID "\n\nHello\n"),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL,
     "5.1.1, smtp; 550-5.1.1 The email account that you tried to reach does not exist.", ID},
    {"a status part in base64, CRLF inside",
     REPORT("", "message/delivery-status\nContent-Transfer-Encoding: base64",
            "UmVwb3J0aW5nLU1UQTogZG5zOyBteA0KDQpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsgYXBAY2xp\n"
            "bmljLmV4YW1wbGUNCkFjdGlvbjogZmFpbGVkDQpTdGF0dXM6IDUuMS4xDQo=\n",
            "message/rfc822", LETTER),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL, "5.1.1", ID},
    {"international report (RFC 6533)",
     REPORT("", "message/global-delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: utf-8; ap@clinic.example\nAction: failed\nStatus: 5.6.7\n",
            "message/global-headers", LETTER),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL, "5.6.7", ID},
    {"delivered: nobody needs to know",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: delivered\nStatus: 2.0.0\n",
            "message/rfc822", LETTER),
     BOUNCE_NOTHING, "ap@clinic.example", NULL, "2.0.0", ID},
    {"two recipients: the worse counts",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@clinic.example\nAction: delayed\nStatus: 4.0.0\n\n"
            "Final-Recipient: rfc822; ap@clinic.example\nAction: failed\nStatus: 5.1.1\n",
            "message/rfc822", LETTER),
     BOUNCE_PERMANENT, "ap@clinic.example", NULL, "5.1.1", ID},
    {"an out-of-office note",
     "From: ap@clinic.example\nSubject: Out of office\nAuto-Submitted: auto-replied\nIn-Reply-To: <" ID
     ">\n\nI am away.\n",
     BOUNCE_OTHER},
    {"a read receipt",
     "From: ap@clinic.example\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
     "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ap@clinic.example\n"
     "Action: failed\nStatus: 5.1.1\n\n--b--\n",
     BOUNCE_OTHER},
    {"words that look like a report",
     "Subject: x\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n", BOUNCE_OTHER},
    {"a report about nobody",
     REPORT("", "message/delivery-status", "Reporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.1.1\n",
            "message/rfc822", LETTER),
     BOUNCE_OTHER},
    {"a report without a status",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: failed\n", "message/rfc822",
            LETTER),
     BOUNCE_OTHER},
    {"a status that is none",
     REPORT("", "message/delivery-status",
            "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: failed\nStatus: 550\n",
            "message/rfc822", LETTER),
     BOUNCE_OTHER},
    {"nothing", "", BOUNCE_OTHER},
    {"a header without an end", "Content-Type: multipart/report; boundary=", BOUNCE_OTHER},
};

static gboolean refers_to(const struct bounce *bounce, const char *id)
{
    for (guint i = 0; i < bounce->ids->len; i++)
        if (strcmp(bounce->ids->pdata[i], id) == 0)
            return TRUE;
    return FALSE;
}

static gboolean same(const char *a, const char *b)
{
    return !b || g_strcmp0(a, b) == 0;
}

static void check(const struct sample *s, const char *bytes, gsize size)
{
    struct bounce *bounce = bounce_read(bytes, size);
    if (bounce->kind != s->kind || !same(bounce->final, s->final) || !same(bounce->original, s->original) ||
        !same(bounce->reason, s->reason) || (s->id && !refers_to(bounce, s->id)))
        fail_msg("%s: kind %d, final %s, original %s, reason '%s', ids %u", s->name, (int)bounce->kind,
                 bounce->final ? bounce->final : "-", bounce->original ? bounce->original : "-",
                 bounce->reason ? bounce->reason : "-", bounce->ids->len);
    bounce_free(bounce);
}

static void reads_what_mail_systems_write(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++)
        check(&samples[i], samples[i].bytes, strlen(samples[i].bytes));
}

static void reads_crlf_as_well(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autoptr(GString) text = g_string_new(samples[i].bytes);
        g_string_replace(text, "\n", "\r\n", 0);
        check(&samples[i], text->str, text->len);
    }
}

/* Cut anywhere, or with any byte turned, a mail is read without harm; a letter that is not named is never ours. */
static void survives_garbage(void **state)
{
    (void)state;
    guint32 seed = 7;
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        gsize size = strlen(samples[i].bytes);
        for (gsize cut = 0; cut < size; cut += 13)
            bounce_free(bounce_read(samples[i].bytes, cut));
        for (int n = 0; n < 60; n++) {
            g_autofree char *bytes = g_memdup2(samples[i].bytes, size + 1);
            for (int k = 0; k < 4 && size; k++) {
                seed = seed * 1664525u + 1013904223u;
                bytes[seed % size] = (char)(seed >> 24);
            }
            bounce_free(bounce_read(bytes, size));
        }
    }
}

/* Reports in reports in reports, as deep as the bytes that are read allow. */
static void survives_nesting(void **state)
{
    (void)state;
    g_autoptr(GString) text = g_string_new(NULL);
    for (int n = 0; text->len < 250000; n++)
        g_string_append_printf(text, "Content-Type: multipart/report; boundary=b%d\n\n--b%d\n", n, n);
    struct bounce *bounce = bounce_read(text->str, text->len);
    assert_int_equal(bounce->kind, BOUNCE_OTHER);
    bounce_free(bounce);
    g_string_truncate(text, 0);
    while (text->len < 250000)
        g_string_append(text, "Content-Type: message/rfc822\n\n");
    bounce_free(bounce_read(text->str, text->len));
    g_string_assign(text, "Content-Type: multipart/report; boundary=b\n\n");
    while (text->len < 250000)
        g_string_append(text,
                        "--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b\nAction: failed\n");
    bounce_free(bounce_read(text->str, text->len));
}

static void survives_strange_bytes(void **state)
{
    (void)state;
    static const char nul[] =
        REPORT("", "message/delivery-status; charset=utf-16",
               "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; \xff\xfe@clinic.example\n"
               "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; \x01\x7f\xe9t\xe9 a\xc2\x9b[2Jb\n",
               "message/rfc822", LETTER);
    struct bounce *bounce = bounce_read(nul, sizeof nul - 1);
    assert_int_equal(bounce->kind, BOUNCE_PERMANENT);
    assert_true(g_utf8_validate(bounce->reason, -1, NULL));
    assert_true(g_utf8_validate(bounce->final, -1, NULL));
    assert_non_null(strstr(bounce->reason, "a  [2Jb")); /* a terminal would have cleared itself */
    bounce_free(bounce);
    /* Long words are cut, wherever that falls in their letters. */
    for (int n = 0; n < 3; n++) {
        g_autoptr(GString) words = g_string_new("ab");
        g_string_truncate(words, (gsize)n);
        while (words->len < 1000)
            g_string_append(words, "\xe2\x82\xac");
        g_autofree char *text = g_strdup_printf(
            REPORT("", "message/delivery-status",
                   "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ap@clinic.example\nAction: failed\n"
                   "Status: 5.1.1\nDiagnostic-Code: %s\n",
                   "message/rfc822", LETTER),
            words->str);
        bounce = bounce_read(text, strlen(text));
        assert_int_equal(bounce->kind, BOUNCE_PERMANENT);
        assert_true(g_utf8_validate(bounce->reason, -1, NULL));
        assert_true(strlen(bounce->reason) > 480);
        bounce_free(bounce);
    }
    static const char zeros[4096];
    bounce = bounce_read(zeros, sizeof zeros);
    assert_int_equal(bounce->kind, BOUNCE_OTHER);
    bounce_free(bounce);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_mail_systems_write),
        cmocka_unit_test(reads_crlf_as_well),
        cmocka_unit_test(survives_garbage),
        cmocka_unit_test(survives_nesting),
        cmocka_unit_test(survives_strange_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
