/* Dates, zones, business days, ladders, windows, cron: tables, no server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "cron.h"
#include "ladder.h"
#include "window.h"

static day d(const char *text)
{
    day ret = DAY_NONE;
    assert_true(day_parse(text, &ret));
    return ret;
}

static instant at(const char *text)
{
    instant ret;
    assert_true(instant_parse(text, &ret, NULL));
    return ret;
}

static void assert_day(day have, const char *want)
{
    g_autofree char *text = day_format(have);
    assert_string_equal(text, want);
}

static void days_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {"2027-02-31", "2027-2-03",  "27-02-03",   "2027-02-03 ", "2027/02/03",
                                      "",           "2027-13-01", "2026-02-29", "-027-01-01"};
    day ret;
    for (gsize i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(day_parse(bad[i], &ret));
    assert_int_equal(d("1970-01-01"), 0);
    assert_int_equal(day_weekday(d("2027-02-04")), 4);
    for (day x = d("1960-01-01"); x < d("2060-01-01"); x += 17) {
        g_autofree char *text = day_format(x);
        assert_int_equal(d(text), x);
    }
}

static void local_times_follow_the_policy(void **state)
{
    (void)state;
    const struct zone *ny = zone_get("America/New_York");
    assert_non_null(ny);
    assert_null(zone_get("Mars/Base"));
    assert_null(zone_get("../../etc/passwd"));
    assert_null(zone_get("+05:00"));
    /* 02:30 does not exist on 14 March 2027: the first valid instant is 03:00 EDT. */
    assert_int_equal(zone_at(ny, d("2027-03-14"), 150), at("2027-03-14T07:00:00Z"));
    /* 01:30 happens twice on 7 November 2027: the first is EDT. */
    assert_int_equal(zone_at(ny, d("2027-11-07"), 90), at("2027-11-07T05:30:00Z"));
    assert_int_equal(zone_day(ny, at("2027-02-04T04:59:00Z")), d("2027-02-03"));
}

static void federal_days(void **state)
{
    (void)state;
    struct bizcal *cal = bizcal_new("us_federal");
    static const char *const closed[] = {"2021-12-31" /* 1 January 2022 is a Saturday */,
                                         "2023-01-02",
                                         "2021-06-18",
                                         "2027-01-18",
                                         "2027-02-15",
                                         "2027-05-31",
                                         "2027-07-05",
                                         "2027-09-06",
                                         "2027-10-11",
                                         "2027-11-11",
                                         "2027-11-25",
                                         "2027-12-24",
                                         "2027-01-16"};
    static const char *const open[] = {"2020-06-19", "2027-11-26", "2027-12-27", "2024-02-29"};
    for (gsize i = 0; i < ARRAY_LEN(closed); i++)
        assert_false(bizcal_is_open(cal, d(closed[i])));
    for (gsize i = 0; i < ARRAY_LEN(open); i++)
        assert_true(bizcal_is_open(cal, d(open[i])));
    bizcal_add_day_off(cal, d("2027-11-26"));
    assert_false(bizcal_is_open(cal, d("2027-11-26")));
    assert_null(bizcal_new("lunar"));
    bizcal_free(cal);
}

static void SC_05_weekends_and_holidays(void **state)
{
    (void)state;
    struct bizcal *cal = bizcal_new("us_federal");
    static const struct {
        const char *at, *anchor, *day;
    } table[] = {{"+3d", "2027-01-12", "2027-01-15"}, /* a Friday stays */
                 {"+3d", "2027-01-13", "2027-01-19"}, /* Saturday, and Monday is a holiday */
                 {"0d", "2027-07-04", "2027-07-06"},       {"-5bd", "2027-01-20", "2027-01-12"},
                 {"-5bd", "2027-01-18", "2027-01-11"},     {"+1bd", "2027-12-23", "2027-12-27"},
                 {"+0bd", "2027-01-16", "2027-01-19"},     {"+366d", "2028-02-29", "2029-03-01"},
                 {"+30d+3bd", "2027-01-01", "2027-02-04"}, /* Sunday, so Monday the 1st, and three more */
                 {"+30d+0bd", "2027-01-01", "2027-02-01"}};
    for (gsize i = 0; i < ARRAY_LEN(table); i++) {
        struct offset offset;
        assert_true(offset_parse(table[i].at, &offset));
        assert_day(offset_day(&offset, cal, d(table[i].anchor)), table[i].day);
    }
    static const char *const bad[] = {"", "3", "d", "+d", "3w", "+3 d", "3651d", "+-3d", "1.5d", "3bdx"};
    struct offset offset;
    for (gsize i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(offset_parse(bad[i], &offset));
    bizcal_free(cal);
}

/* The header's promise: offset_day(latest) <= today < offset_day(latest + 1), for every step and every day. */
static void latest_anchor_holds(void **state)
{
    (void)state;
    static const char *const steps[] = {"0d",   "+3d",      "+10d",  "+90d", "-30d", "-5bd",
                                        "+1bd", "+30d+3bd", "+10bd", "-1bd", "0bd"};
    struct bizcal *cal = bizcal_new("us_federal");
    for (gsize i = 0; i < ARRAY_LEN(steps); i++) {
        struct offset offset;
        assert_true(offset_parse(steps[i], &offset));
        for (day today = d("2023-11-01"); today < d("2025-02-01"); today++) {
            day latest = offset_latest_anchor(&offset, cal, today);
            assert_true(offset_day(&offset, cal, latest) <= today);
            assert_true(offset_day(&offset, cal, latest + 1) > today);
            day oldest = offset_oldest_anchor(&offset, cal, today, 30);
            if (offset.count < 0) {
                assert_int_equal(oldest, today); /* void once the anchor has passed */
                continue;
            }
            assert_true(offset_day(&offset, cal, oldest) >= today - 30); /* not more than 30 days late */
            assert_true(offset_day(&offset, cal, oldest - 1) < today - 30);
        }
    }
    bizcal_free(cal);
}

static void windows(void **state)
{
    (void)state;
    struct window window;
    static const char *const bad[] = {"8-18",        "08:00-08:00", "18:00-08:00",
                                      "08:00-24:01", "08:60-09:00", "08:00 18:00"};
    for (gsize i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(window_parse(bad[i], &window));
    assert_true(window_parse("08:00-18:00", &window));
    const struct zone *la = zone_get("America/Los_Angeles");
    assert_int_equal(window_next(&window, la, at("2027-02-04T17:00:00Z")), at("2027-02-04T17:00:00Z"));
    assert_int_equal(window_next(&window, la, at("2027-02-04T15:00:00Z")), at("2027-02-04T16:00:00Z"));
    assert_int_equal(window_next(&window, la, at("2027-02-05T02:00:00Z")), at("2027-02-05T16:00:00Z"));
    assert_int_equal(window_next(&window, la, at("2027-03-14T02:00:00Z")), at("2027-03-14T15:00:00Z"));
}

static void SC_04_once_each_at_clock_changes(void **state)
{
    (void)state;
    const struct zone *ny = zone_get("America/New_York");
    static const struct {
        const char *text, *after, *next;
    } table[] = {
        {"30 2 * * *", "2027-03-13T12:00:00Z", "2027-03-14T07:00:00Z"}, /* the gap: 03:00 EDT */
        {"30 2 * * *", "2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"}, /* and not again that day */
        {"30 1 * * *", "2027-11-06T12:00:00Z", "2027-11-07T05:30:00Z"}, /* the overlap: the first */
        {"30 1 * * *", "2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"},
        {"0 9 * * mon-fri", "2027-02-05T14:00:00Z", "2027-02-08T14:00:00Z"},
        {"0 0 29 2 *", "2027-01-01T00:00:00Z", "2028-02-29T05:00:00Z"},
        {"0 0 13 * fri", "2027-02-01T00:00:00Z", "2027-02-05T05:00:00Z"}, /* either day field */
        {"@yearly", "2027-02-01T00:00:00Z", "2028-01-01T05:00:00Z"},
    };
    for (gsize i = 0; i < ARRAY_LEN(table); i++) {
        struct cron *cron = cron_parse(table[i].text, NULL);
        assert_non_null(cron);
        g_autofree char *next = instant_format(cron_next(cron, ny, at(table[i].after)));
        g_autofree char *want = instant_format(at(table[i].next));
        assert_string_equal(next, want);
        cron_free(cron);
    }
}

static void cron_errors_are_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } table[] = {{"* * * *", "has 4 fields"},
                 {"60 * * * *", "the minute '60'"},
                 {"* 24 * * *", "the hour '24'"},
                 {"* * 0 * *", "the day of month '0'"},
                 {"* * * 13 *", "the month '13'"},
                 {"* * * * mox", "the day of week 'mox'"},
                 {"5-1 * * * *", "the minute '5-1'"},
                 {"*/0 * * * *", "the minute '*/0'"},
                 {"0 0 30 2 *", "can never match"},
                 {"1, * * * *", "the minute '1,'"},
                 {"", "has 0 fields"}};
    for (gsize i = 0; i < ARRAY_LEN(table); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(cron_parse(table[i].text, &error));
        assert_non_null(strstr(error->message, table[i].part));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days_are_read_strictly),
                                       cmocka_unit_test(local_times_follow_the_policy),
                                       cmocka_unit_test(federal_days),
                                       cmocka_unit_test(SC_05_weekends_and_holidays),
                                       cmocka_unit_test(latest_anchor_holds),
                                       cmocka_unit_test(windows),
                                       cmocka_unit_test(SC_04_once_each_at_clock_changes),
                                       cmocka_unit_test(cron_errors_are_sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
