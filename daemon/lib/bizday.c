/* Weekends and holidays. The federal days are computed from the statute's rules, year by year, when first asked for. */
#include "bizday.h"

#include <string.h>

struct bizcal {
    gboolean federal;
    GHashTable *days_off; /* the agency's own: day as pointer */
    GHashTable *observed; /* federal days of the years in `years` */
    GHashTable *years;
};

struct bizcal *bizcal_new(const char *name)
{
    gboolean federal = strcmp(name, "us_federal") == 0;
    if (!federal && strcmp(name, "weekends") != 0)
        return NULL;
    struct bizcal *cal = g_new(struct bizcal, 1);
    *cal = (struct bizcal){.federal = federal,
                           .days_off = g_hash_table_new(NULL, NULL),
                           .observed = g_hash_table_new(NULL, NULL),
                           .years = g_hash_table_new(NULL, NULL)};
    return cal;
}

void bizcal_add_day_off(struct bizcal *cal, day d)
{
    g_hash_table_add(cal->days_off, GINT_TO_POINTER(d));
}

void bizcal_free(struct bizcal *cal)
{
    if (!cal)
        return;
    g_hash_table_unref(cal->days_off);
    g_hash_table_unref(cal->observed);
    g_hash_table_unref(cal->years);
    g_free(cal);
}

/* The n-th such weekday of the month, or the last one when n is 0. */
static day nth_weekday(int year, int month, int weekday, int n)
{
    if (n == 0) {
        day last = (month == 12 ? day_from_ymd(year + 1, 1, 1) : day_from_ymd(year, month + 1, 1)) - 1;
        return last - (day_weekday(last) - weekday + 7) % 7;
    }
    day first = day_from_ymd(year, month, 1);
    return first + (weekday - day_weekday(first) + 7) % 7 + 7 * (n - 1);
}

static day observed(day d)
{
    int weekday = day_weekday(d);
    return weekday == 6 ? d - 1 : weekday == 0 ? d + 1 : d;
}

/* 5 U.S.C. 6103(a) and (b). */
static void add_federal_year(struct bizcal *cal, int year)
{
    enum { SUNDAY, MONDAY, THURSDAY = 4 };
    static const struct {
        int month, day_of_month, weekday, nth, since;
    } rules[] = {
        {.month = 1, .day_of_month = 1},
        {.month = 1, .weekday = MONDAY, .nth = 3},
        {.month = 2, .weekday = MONDAY, .nth = 3},
        {.month = 5, .weekday = MONDAY, .nth = 0},
        {.month = 6, .day_of_month = 19, .since = 2021},
        {.month = 7, .day_of_month = 4},
        {.month = 9, .weekday = MONDAY, .nth = 1},
        {.month = 10, .weekday = MONDAY, .nth = 2},
        {.month = 11, .day_of_month = 11},
        {.month = 11, .weekday = THURSDAY, .nth = 4},
        {.month = 12, .day_of_month = 25},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (year < rules[i].since)
            continue;
        day d = rules[i].day_of_month ? observed(day_from_ymd(year, rules[i].month, rules[i].day_of_month))
                                      : nth_weekday(year, rules[i].month, rules[i].weekday, rules[i].nth);
        g_hash_table_add(cal->observed, GINT_TO_POINTER(d));
    }
    g_hash_table_add(cal->years, GINT_TO_POINTER(year));
}

static gboolean is_federal(struct bizcal *cal, day d)
{
    int year, month, day_of_month;
    day_to_ymd(d, &year, &month, &day_of_month);
    /* New Year's Day on a Saturday is observed in the year before. */
    for (int y = year; y <= year + 1; y++)
        if (!g_hash_table_contains(cal->years, GINT_TO_POINTER(y)))
            add_federal_year(cal, y);
    return g_hash_table_contains(cal->observed, GINT_TO_POINTER(d));
}

gboolean bizcal_is_open(const struct bizcal *cal, day d)
{
    int weekday = day_weekday(d);
    if (weekday == 0 || weekday == 6 || g_hash_table_contains(cal->days_off, GINT_TO_POINTER(d)))
        return FALSE;
    return !cal->federal || !is_federal((struct bizcal *)cal, d); /* the cache of years is not part of its value */
}

day bizcal_next(const struct bizcal *cal, day d)
{
    while (!bizcal_is_open(cal, d))
        d++;
    return d;
}

day bizcal_previous(const struct bizcal *cal, day d)
{
    while (!bizcal_is_open(cal, d))
        d--;
    return d;
}

day bizcal_add(const struct bizcal *cal, day d, int n)
{
    d = bizcal_next(cal, d);
    for (; n > 0; n--)
        d = bizcal_next(cal, d + 1);
    for (; n < 0; n++)
        d = bizcal_previous(cal, d - 1);
    return d;
}
