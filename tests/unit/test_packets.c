/* The packets' rule file: what ships is good and whole, and each wrong entry is named where it stands. */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"

/* The problems of a packets.yaml with these lines, one a line. */
static char *problems_of(const char *yaml)
{
    g_autofree char *dir = g_dir_make_tmp("tk-packets-XXXXXX", NULL);
    g_autofree char *rules_dir = g_build_filename(dir, "rules", NULL);
    g_autofree char *path = g_build_filename(rules_dir, "packets.yaml", NULL);
    assert_int_equal(g_mkdir(rules_dir, 0700), 0);
    g_autofree char *beside = g_build_filename(rules_dir, "licenses.yaml", NULL);
    assert_true(g_file_set_contents(path, yaml, -1, NULL));
    assert_true(g_file_set_contents(beside, "rules: []\n", -1, NULL));
    struct problems *problems = problems_new();
    struct rules *rules = rules_load(dir, problems);
    assert_int_equal(rules == NULL, problems_count(problems) > 0);
    GString *all = g_string_new("");
    for (guint i = 0; i < problems_count(problems); i++)
        g_string_append_printf(all, "%s\n", strrchr(problems_text(problems, i), '/') + 1);
    rules_free(rules);
    problems_free(problems);
    g_unlink(path);
    g_unlink(beside);
    g_rmdir(rules_dir);
    g_rmdir(dir);
    return g_string_free(all, FALSE);
}

#define GOOD "item: photo_id, title: Photo ID, provider: therapist"

static void each_wrong_entry_is_named(void **state UNUSED)
{
    static const struct {
        const char *yaml, *says;
    } wrong[] = {
        {"items:\n  - {for: all, item: photo_id, provider: therapist}\n",
         "packets.yaml:2:5: the key 'title' is missing"},
        {"items:\n  - {for: all, title: Photo, provider: therapist}\n", "the key 'item' is missing"},
        {"items:\n  - {for: all, item: x, title: X}\n", "the key 'provider' is missing"},
        {"items:\n  - {for: all, item: x, title: X, provider: nobody}\n", "nobody"},
        {"items:\n  - {" GOOD "}\n", "for which facilities it is"},
        {"items:\n  - {for: cmhc, " GOOD "}\n", "for: [cmhc, school]"},
        {"items:\n  - {for: [hospital], " GOOD "}\n", "hospital"},
        {"items:\n  - {for: all, " GOOD ", lead: soon}\n", "a number of days like 30d is expected"},
        {"items:\n  - {for: all, " GOOD ", lead: -3d}\n", "a number of days like 30d is expected"},
        {"items:\n  - {for: all, " GOOD ", required: maybe}\n", "packets.yaml:2:"},
        {"items:\n  - {for: all, " GOOD ", document: agreement}\n", "reader: therapist"},
        {"items:\n  - {for: all, " GOOD ", document: agreement, reader: payer}\n", "payer"},
        {"items:\n  - {for: all, " GOOD ", again_if_moved: 3}\n", "packets.yaml:2:"},
        {"items:\n  - {for: all, " GOOD ", color: red}\n", "color"},
        {"items:\n  - {for: all, " GOOD "}\n  - {for: [cmhc], " GOOD "}\n",
         "packets.yaml:3:5: there is a rule for photo_id in the packet of cmhc already, in line 2"},
        {"items: none\n", "a list `items:` is expected"},
        {"packets: []\n", "packets"},
    };
    for (gsize i = 0; i < ARRAY_LEN(wrong); i++) {
        g_autofree char *said = problems_of(wrong[i].yaml);
        if (!strstr(said, wrong[i].says))
            fail_msg("%s\nsays: %s\nnot: %s", wrong[i].yaml, said, wrong[i].says);
    }
}

static void every_problem_is_told_at_once(void **state UNUSED)
{
    g_autofree char *said = problems_of("items:\n  - {for: all, item: a, title: A, provider: x}\n"
                                        "  - {for: [cmhc], " GOOD ", lead: x}\n");
    assert_non_null(strstr(said, "packets.yaml:2:"));
    assert_non_null(strstr(said, "packets.yaml:3:"));
}

static void a_good_item_may_leave_much_out(void **state UNUSED)
{
    g_autofree char *said = problems_of("items:\n  - {for: [cmhc, school], " GOOD "}\n");
    assert_string_equal(said, "");
}

/* --- what ships */

static const struct js *shipped_item(const struct js *rows, const char *type, const char *item)
{
    for (gsize i = 0; i < js_length(rows); i++)
        if (strcmp(js_get_text(js_at(rows, i), "facility_type"), type) == 0 &&
            strcmp(js_get_text(js_at(rows, i), "item"), item) == 0)
            return js_at(rows, i);
    return NULL;
}

static void what_ships_is_whole(void **state UNUSED)
{
    static const char *const core[] = {"placement_agreement",
                                       "start_confirmed_therapist",
                                       "start_confirmed_facility",
                                       "photo_id",
                                       "license_verification",
                                       "npi",
                                       "cv",
                                       "diploma",
                                       "oig_sam",
                                       "malpractice_coi",
                                       "background_check",
                                       "drug_screen",
                                       "references",
                                       "orientation",
                                       "immunizations_tb",
                                       "hipaa_training",
                                       "w9_i9_deposit",
                                       "time_recording"};
    static const char *const more[][2] = {{"cmhc", "medicaid_enrollment"},
                                          {"cmhc", "crisis_protocol"},
                                          {"inpatient_psychiatric", "restraint_training"},
                                          {"inpatient_psychiatric", "badge"},
                                          {"php", "paneling_proof"},
                                          {"iop", "productivity_rules"},
                                          {"school", "fbi_clearance"},
                                          {"school", "child_abuse_clearance"},
                                          {"correctional", "prea_mental_health"},
                                          {"correctional", "security_clearance"},
                                          {"telehealth", "login"},
                                          {"telehealth", "client_assignment"},
                                          {"telehealth", "billing_profile"}};
    struct problems *problems = problems_new();
    struct rules *rules = rules_load(SOURCE_DIR "/config", problems);
    assert_non_null(rules);
    AUTO_JS struct js *rows = js_parse(rules->packs[1].rows, strlen(rules->packs[1].rows), NULL);
    for (gsize i = 0; i < ARRAY_LEN(core); i++)
        for (gsize k = 0; facility_types[k]; k++)
            assert_non_null(shipped_item(rows, facility_types[k], core[i]));
    for (gsize i = 0; i < ARRAY_LEN(more); i++)
        assert_non_null(shipped_item(rows, more[i][0], more[i][1]));
    for (gsize i = 0; i < js_length(rows); i++)
        assert_non_null(js_get_text(js_at(rows, i), "ask"));
    const struct js *agreement = shipped_item(rows, "php", "placement_agreement");
    assert_string_equal(js_get_text(agreement, "reader"), "therapist");
    assert_string_equal(js_get_text(shipped_item(rows, "php", "license_verification"), "reader"), "facility");
    for (gsize i = 0; i < 3; i++) /* what a VA sets up at a telehealth platform is ours */
        assert_string_equal(js_get_text(shipped_item(rows, "telehealth", more[10 + i][1]), "provider"), "agency");
    rules_free(rules);
    problems_free(problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_entry_is_named),
        cmocka_unit_test(every_problem_is_told_at_once),
        cmocka_unit_test(a_good_item_may_leave_much_out),
        cmocka_unit_test(what_ships_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
