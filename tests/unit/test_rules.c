/* The rule packs' loader: the shipped ones load, and every wrong key and value is named with line and column. */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"

#define END  ", source: s, as_of: 2026-06-15, confidence: primary}\n"
#define GOOD "rules:\n- {state: TX, type: LPC, cycle: 2y" END

static char *folder;

/* Loads a pack with this text; all problems, one a line, without the folder. */
static char *told(const char *pack, const char *text, struct rules **ret)
{
    gboolean licenses = strcmp(pack, "licenses") == 0;
    g_autofree char *path = g_strdup_printf("%s/rules/%s.yaml", folder, pack);
    g_autofree char *beside = g_strdup_printf("%s/rules/%s.yaml", folder, licenses ? "packets" : "licenses");
    assert_true(g_file_set_contents(beside, licenses ? "items: []\n" : "rules: []\n", -1, NULL));
    assert_true(g_file_set_contents(path, text, -1, NULL));
    struct problems *problems = problems_new();
    struct rules *rules = rules_load(folder, problems);
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < problems_count(problems); i++)
        g_string_append_printf(all, "%s\n", problems_text(problems, i));
    g_autofree char *prefix = g_strconcat(folder, "/rules/", NULL);
    g_string_replace(all, prefix, "", 0);
    assert_int_equal(rules == NULL, problems_count(problems) > 0);
    problems_free(problems);
    (void)!g_unlink(path);
    (void)!g_unlink(beside);
    if (ret)
        *ret = rules;
    else
        rules_free(rules);
    return g_string_free(all, FALSE);
}

static void shipped_pack_loads(void **state)
{
    (void)state;
    struct problems *problems = problems_new();
    struct rules *rules = rules_load(SOURCE_DIR "/config", problems);
    for (guint i = 0; i < problems_count(problems); i++)
        print_error("%s\n", problems_text(problems, i));
    assert_non_null(rules);
    AUTO_JS struct js *rows = js_parse(rules->packs[0].rows, strlen(rules->packs[0].rows), NULL);
    assert_true(js_length(rows) >= 40);
    for (gsize i = 0; i < js_length(rows); i++) {
        assert_non_null(js_get_text(js_at(rows, i), "source"));
        assert_non_null(js_get_text(js_at(rows, i), "as_of"));
    }
    rules_free(rules);
    problems_free(problems);
}

static void a_rule_for_several_types_is_several(void **state)
{
    (void)state;
    struct rules *rules = NULL;
    g_autofree char *all = told("licenses",
                                "rules:\n- {state: CA, type: [LCSW, LMFT], cycle: 18m, ce_hours: 36, opens: 90d, "
                                "categories: {law_and_ethics: 6}" END,
                                &rules);
    assert_string_equal(all, "");
    AUTO_JS struct js *rows = js_parse(rules->packs[0].rows, strlen(rules->packs[0].rows), NULL);
    assert_int_equal(js_length(rows), 2);
    assert_string_equal(js_get_text(js_at(rows, 1), "type"), "LMFT");
    assert_int_equal(js_get_int(js_at(rows, 1), "cycle", 0), 18);
    assert_int_equal(js_get_int(js_at(rows, 1), "opens", 0), 90);
    rules_free(rules);
}

/* An office without the folder has no rules; a file that got lost is no empty one. */
static void a_lost_pack_is_named(void **state)
{
    (void)state;
    struct problems *problems = problems_new();
    struct rules *rules = rules_load(SOURCE_DIR "/tests", problems);
    assert_non_null(rules);
    assert_string_equal(rules->packs[0].rows, "[]");
    rules_free(rules);
    assert_null(rules_load(folder, problems));
    assert_int_equal(problems_count(problems), 2);
    assert_non_null(strstr(problems_text(problems, 0), "licenses.yaml: cannot be read: No such file"));
    problems_free(problems);
}

static void every_wrong_value_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, hours: 24" END, "licenses.yaml:2:37: unknown key 'hours'"},
        {"rules:\n- {state: TX, type: LPC, cycel: 2y, cycle: 2y" END, "licenses.yaml:2:26: unknown key 'cycel'"},
        {"rules:\n- {state: Texas, type: LPC, cycle: 2y" END, "licenses.yaml:2:11: "},
        {"rules:\n- {state: TX, type: LPCX, cycle: 2y" END, "licenses.yaml:2:21: "},
        {"rules:\n- {state: TX, type: [LPC, XX], cycle: 2y" END, "licenses.yaml:2:27: "},
        {"rules:\n- {state: TX, type: [], cycle: 2y" END, "licenses.yaml:2:21: at least one type"},
        {"rules:\n- {state: [TX], type: LPC, cycle: 2y" END, "licenses.yaml:2:11: "},
        {"rules:\n- {type: LPC, cycle: 2y" END, "licenses.yaml:2:3: a rule needs a state and a type"},
        {"rules:\n- {state: TX, type: LPC" END, "licenses.yaml:2:3: the key 'cycle' is missing"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, source: s, as_of: 2026-06-15}\n",
         "licenses.yaml:2:3: the key 'confidence' is missing"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, as_of: 2026-06-15, confidence: primary}\n",
         "licenses.yaml:2:3: the key 'source' is missing"},
        {"rules:\n- {state: TX, type: LPC, cycle: two years" END, "licenses.yaml:2:33: a span like 2y or 18m"},
        {"rules:\n- {state: TX, type: LPC, cycle: 24" END, "licenses.yaml:2:33: a span like 2y or 18m"},
        {"rules:\n- {state: TX, type: LPC, cycle: 0y" END, "licenses.yaml:2:33: a span like 2y or 18m"},
        {"rules:\n- {state: TX, type: LPC, cycle: 3650y" END,
         "licenses.yaml:2:33: a span like 2y or 18m, at most ten years"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, ce_hours: many" END, "licenses.yaml:2:47: "},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, ce_hours: -3" END, "licenses.yaml:2:47: "},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, carry_over: 2, ce_hours: 1" END,
         "licenses.yaml:2:49: more hours are carried over"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, opens: 90" END, "licenses.yaml:2:44: a number of days"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, grace: 3bd" END, "licenses.yaml:2:44: a number of days"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, ce_by: -5d" END, "licenses.yaml:2:44: a number of days"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, apply_by: 3651d" END, "licenses.yaml:2:47: a number of days"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, first_renewal: none" END, "licenses.yaml:2:52: "},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, categories: 3" END,
         "licenses.yaml:2:49: hours by category are expected"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, ce_hours: 6, categories: {ethics: no}" END,
         "licenses.yaml:2:71: "},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, ce_hours: 6, categories: {ethics: 4, law: 3}" END,
         "licenses.yaml:2:62: the categories ask for 7 hours, the whole for 6"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, source: s, as_of: June 2026, confidence: primary}\n",
         "licenses.yaml:2:55: 'June 2026' is no date"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, source: s, as_of: 2026-02-29, confidence: primary}\n",
         "licenses.yaml:2:55: '2026-02-29' is no date"},
        {"rules:\n- {state: TX, type: LPC, cycle: 2y, source: s, as_of: 2026-06-15, confidence: sure}\n",
         "licenses.yaml:2:79: "},
        {GOOD "- {state: TX, type: LPC, cycle: 1y" END,
         "licenses.yaml:3:3: there is a rule for TX LPC already, in line 2"},
        {"rules:\n- {state: TX, type: [LPC, LPC], cycle: 2y" END,
         "licenses.yaml:2:3: there is a rule for TX LPC already"},
        {"rules:\n- {state: TX, state: CA, type: LPC, cycle: 2y" END, "licenses.yaml:2:"},
        {"rules:\n- LPC\n", "licenses.yaml:2:3: "},
        {"rules: none\n", "licenses.yaml:1:1: a list `rules:` is expected"},
        {"rule:\n- {state: TX}\n", "licenses.yaml:1:1: "},
        {"- {state: TX}\n", "licenses.yaml:1:1: "},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *all = told("licenses", bad[i].text, NULL);
        g_autofree char *later = g_strconcat("\n", bad[i].said, NULL);
        if (!g_str_has_prefix(all, bad[i].said) && !strstr(all, later))
            fail_msg("no line begins with '%s' in:\n%sof:\n%s", bad[i].said, all, bad[i].text);
    }
}

static void all_problems_are_named_in_one_run(void **state)
{
    (void)state;
    g_autofree char *all =
        told("licenses",
             "rules:\n- {state: TX, type: LPCC, cycle: 2, opens: x" END "- {state: ZZ, type: LPC, cycle: 2y" END, NULL);
    assert_non_null(strstr(all, "licenses.yaml:2:34: "));
    assert_non_null(strstr(all, "licenses.yaml:2:44: "));
    assert_non_null(strstr(all, "licenses.yaml:3:11: "));
}

static void a_bad_packet_item_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"items:\n- {item: cv, title: CV, provider: therapist}\n", "packets.yaml:2:3: an item says for which"},
        {"items:\n- {for: [clinic], item: cv, title: CV, provider: therapist}\n", "packets.yaml:2:10: "},
        {"items:\n- {for: all, item: cv, title: CV, provider: nobody}\n", "packets.yaml:2:45: "},
        {"items:\n- {for: all, item: cv, title: CV, provider: agency, document: d}\n",
         "packets.yaml:2:3: an item with a document"},
        {"items:\n- {for: [iop], item: cv, title: CV, provider: agency}\n"
         "- {for: all, item: cv, title: CV, provider: agency}\n",
         "packets.yaml:3:3: there is a rule for cv in the packet of iop already, in line 2"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *all = told("packets", bad[i].text, NULL);
        if (!g_str_has_prefix(all, bad[i].said))
            fail_msg("'%s' does not begin with '%s'", all, bad[i].said);
    }
}

int main(void)
{
    folder = g_dir_make_tmp("tk-rules-XXXXXX", NULL);
    g_autofree char *rules = g_build_filename(folder, "rules", NULL);
    (void)!g_mkdir(rules, 0700);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_pack_loads),
        cmocka_unit_test(a_rule_for_several_types_is_several),
        cmocka_unit_test(a_lost_pack_is_named),
        cmocka_unit_test(every_wrong_value_is_named),
        cmocka_unit_test(all_problems_are_named_in_one_run),
        cmocka_unit_test(a_bad_packet_item_is_named),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)!g_rmdir(rules);
    (void)!g_rmdir(folder);
    g_free(folder);
    return failed;
}
