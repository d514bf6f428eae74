/* Letters, templates, JSON, digests, Maildir: what goes out, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glib/gstdio.h>
#include <string.h>

#include "config.h"
#include "crypto.h"
#include "letter.h"
#include "maildir.h"
#include "template.h"

static struct letter sample(void)
{
    return (struct letter){.message_id = "abc.ticklerd@agency.example",
                           .from_name = "Elm Street",
                           .from_address = "billing@agency.example",
                           .to_name = "Pat Lé",
                           .to_address = "ap@clinic.example",
                           .subject = "2 invoices – ünïcode",
                           .text = "Hello\n.\nA line = 100 %\n",
                           .html = "<p>Hello</p>",
                           .date = SECONDS(1800000000)};
}

static char *built(const struct letter *letter)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = letter_build(letter, &error);
    return bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
}

static void the_same_fields_give_the_same_bytes(void **state)
{
    (void)state;
    struct letter letter = sample();
    g_autofree char *one = built(&letter), *two = built(&letter);
    assert_string_equal(one, two);
    static const char *const parts[] = {"Message-Id: <abc.ticklerd@agency.example>\r\n",
                                        "Auto-Submitted: auto-generated\r\n",
                                        "X-Ticklerd-Id: abc.ticklerd@agency.example\r\n",
                                        "charset=utf-8",
                                        "multipart/alternative",
                                        "To: Pat =?",
                                        "Subject: 2 invoices =?"};
    for (gsize i = 0; i < ARRAY_LEN(parts); i++)
        if (!strstr(one, parts[i]))
            fail_msg("the letter lacks %s:\n%s", parts[i], one);
    assert_null(strstr(one, "List-Unsubscribe"));
    letter.list_unsubscribe = "https://agency.example/u/1";
    g_autofree char *commercial = built(&letter);
    assert_non_null(strstr(commercial, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
    for (const char *c = one; *c; c++)
        if (*c == '\n')
            assert_true(c > one && c[-1] == '\r');
}

static void headers_cannot_be_injected(void **state)
{
    (void)state;
    struct letter letter = sample();
    letter.subject = "x\r\nBcc: all@example.org";
    assert_null(built(&letter));
    letter = sample();
    letter.to_name = "x\ny";
    assert_null(built(&letter));
    static const char *const bad[] = {
        "a b@x.example",  "a@b@c",         "<a@x.example>",  "a", "@x", "a@", "a@x\r\nRCPT", "a@-x",
        "a..b@x.example", "a,b@x.example", "\"a\"@x.example"};
    const char *why;
    for (gsize i = 0; i < ARRAY_LEN(bad); i++) {
        letter = sample();
        letter.to_address = bad[i];
        assert_false(letter_address_ok(bad[i], &why));
        assert_null(built(&letter));
    }
    assert_true(letter_address_ok("o'neil+x@mail.clinic.example", &why));
}

static char *rendered(const char *text, enum template_kind kind, const char *json, char **ret_error)
{
    AUTO_JS struct js *data = js_parse(json, strlen(json), NULL);
    g_autoptr(GError) error = NULL;
    char *out = template_render("t", text, kind, data, &error);
    *ret_error = error ? g_strdup(error->message) : NULL;
    return out;
}

static void templates_are_strict(void **state)
{
    (void)state;
    static const char data[] =
        "{\"name\":\"A <b> & \\\"c\\\"\",\"list\":[{\"n\":1},{\"n\":2}],\"yes\":true,\"no\":false}";
    static const struct {
        const char *text;
        enum template_kind kind;
        const char *out, *error;
    } table[] = {{"Hi {{name}}", TEMPLATE_HTML, "Hi A &lt;b&gt; &amp; &quot;c&quot;", NULL},
                 {"Hi {{name}}", TEMPLATE_TEXT, "Hi A <b> & \"c\"", NULL},
                 {"{{#list}}{{n}};{{/list}}{{#yes}}y{{/yes}}{{^no}}n{{/no}}", TEMPLATE_TEXT, "1;2;yn", NULL},
                 {"a\n  {{nme}}", TEMPLATE_TEXT, NULL, "t:2:3: unknown name 'nme'"},
                 {"{{#list}}{{x}}{{/list}}", TEMPLATE_TEXT, NULL, "unknown name 'x'"},
                 {"{{{name}}}", TEMPLATE_HTML, NULL, "t:1:1: unescaped"},
                 {"{{&name}}", TEMPLATE_HTML, NULL, "t:1:1: unescaped"},
                 {"{{>part}}", TEMPLATE_TEXT, NULL, "partials"},
                 {"{{=<% %>=}}", TEMPLATE_TEXT, NULL, "delimiters"},
                 {"x{{#list}}", TEMPLATE_TEXT, NULL, "t:1:"},
                 {"{{name", TEMPLATE_TEXT, NULL, "t:1:1:"}};
    for (gsize i = 0; i < ARRAY_LEN(table); i++) {
        g_autofree char *error = NULL, *out = rendered(table[i].text, table[i].kind, data, &error);
        if (table[i].out)
            assert_string_equal(out, table[i].out);
        else if (out || !strstr(error, table[i].error))
            fail_msg("%s gave '%s', error '%s'", table[i].text, out, error);
    }
}

static void json_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"a\":1,\"a\":2}",   "{} x", "{\"a\":\"\xff\"}", "", "{a:1}",
                                      "12345678901234567890"};
    for (gsize i = 0; i < ARRAY_LEN(bad); i++)
        assert_null(js_parse(bad[i], strlen(bad[i]), NULL));
    AUTO_JS struct js *js = js_object();
    js_set_text(js, "z", "1");
    js_set_int(js, "a", G_MAXINT64);
    g_autofree char *line = js_print(js);
    assert_string_equal(line, "{\"z\":\"1\",\"a\":9223372036854775807}");
}

static void digests_match_known_ones(void **state)
{
    (void)state;
    g_autofree char *sha = crypto_sha256_hex("abc", 3);
    assert_string_equal(sha, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, test case 2 */
    g_autofree char *mac = crypto_hmac_base64("Jefe", 4, "what do ya want for nothing?", 28);
    assert_string_equal(mac, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

static gboolean deliver(const char *dir, const char *id, GBytes *bytes, GError **error)
{
    struct maildir_letter one = {.id = id, .bytes = bytes};
    gboolean good = maildir_deliver(dir, &one, 1, error);
    assert_int_equal(good, one.is_there);
    return good;
}

static void a_maildir_can_be_asked(void **state)
{
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("tk-md-XXXXXX", NULL);
    g_autoptr(GBytes) bytes = g_bytes_new_static("letter", 6);
    assert_true(maildir_make(dir, NULL));
    assert_false(maildir_has(dir, "id@x"));
    assert_true(deliver(dir, "id@x", bytes, NULL));
    assert_true(deliver(dir, "id@x", bytes, NULL));
    assert_true(maildir_has(dir, "id@x"));
    assert_false(maildir_has(dir, "id@"));
    g_autofree char *fresh = g_build_filename(dir, "new", "id@x", NULL),
                    *seen = g_build_filename(dir, "cur", "id@x:2,S", NULL);
    assert_int_equal(g_rename(fresh, seen), 0);
    assert_true(maildir_has(dir, "id@x"));
    assert_true(deliver(dir, "id@x", bytes, NULL));
    assert_false(g_file_test(fresh, G_FILE_TEST_EXISTS));
    config_remove(dir);
    g_autoptr(GError) error = NULL;
    assert_false(deliver(dir, "id2@x", bytes, &error));
    assert_non_null(strstr(error->message, "cannot write"));
}

/* One that cannot be written stays behind alone; one that is there already is not written again. */
static void letters_of_a_window_do_not_hinder_each_other(void **state)
{
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("tk-md-XXXXXX", NULL);
    assert_true(maildir_make(dir, NULL));
    g_autoptr(GBytes) old = g_bytes_new_static("old", 3);
    g_autoptr(GBytes) fresh = g_bytes_new_static("new", 3);
    g_autofree char *seen = g_build_filename(dir, "cur", "b@x:2,S", NULL);
    g_autofree char *wall = g_build_filename(dir, "tmp", "c@x", NULL);
    assert_true(g_file_set_contents(seen, "old", 3, NULL));
    assert_int_equal(g_mkdir(wall, 0700), 0);
    struct maildir_letter letters[] = {{.id = "a@x", .bytes = fresh},
                                       {.id = "b@x", .bytes = fresh},
                                       {.id = "c@x", .bytes = fresh},
                                       {.id = "d@x", .bytes = old}};
    g_autoptr(GError) error = NULL;
    assert_false(maildir_deliver(dir, letters, ARRAY_LEN(letters), &error));
    assert_non_null(strstr(error->message, "c@x"));
    const gboolean there[] = {TRUE, TRUE, FALSE, TRUE};
    for (gsize i = 0; i < ARRAY_LEN(letters); i++) {
        g_autofree char *path = g_build_filename(dir, "new", letters[i].id, NULL);
        assert_int_equal(letters[i].is_there, there[i]);
        assert_int_equal(g_file_test(path, G_FILE_TEST_EXISTS), there[i] && i != 1);
    }
    config_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_fields_give_the_same_bytes),
                                       cmocka_unit_test(headers_cannot_be_injected),
                                       cmocka_unit_test(templates_are_strict),
                                       cmocka_unit_test(json_is_strict),
                                       cmocka_unit_test(digests_match_known_ones),
                                       cmocka_unit_test(a_maildir_can_be_asked),
                                       cmocka_unit_test(letters_of_a_window_do_not_hinder_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
