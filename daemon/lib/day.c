/* Calendar dates as a count of days; GDate knows the Gregorian calendar. */
#include "day.h"

#include <stdio.h>
#include <string.h>

#define EPOCH_JULIAN 719163u /* g_date_get_julian of 1970-01-01 */

day day_from_ymd(int year, int month, int day_of_month)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day_of_month, (GDateMonth)month, (GDateYear)year);
    return (day)(g_date_get_julian(&date) - EPOCH_JULIAN);
}

void day_to_ymd(day d, int *ret_year, int *ret_month, int *ret_day)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)d + EPOCH_JULIAN);
    *ret_year = g_date_get_year(&date);
    *ret_month = (int)g_date_get_month(&date);
    *ret_day = g_date_get_day(&date);
}

gboolean day_parse(const char *text, day *ret)
{
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return FALSE;
    for (int i = 0; i < 10; i++)
        if (i != 4 && i != 7 && !g_ascii_isdigit(text[i]))
            return FALSE;
    int year = (int)g_ascii_strtoll(text, NULL, 10);
    int month = (int)g_ascii_strtoll(text + 5, NULL, 10);
    int day_of_month = (int)g_ascii_strtoll(text + 8, NULL, 10);
    if (year < 1 || !g_date_valid_dmy((GDateDay)day_of_month, (GDateMonth)month, (GDateYear)year))
        return FALSE;
    *ret = day_from_ymd(year, month, day_of_month);
    return TRUE;
}

char *day_format(day d)
{
    int year, month, day_of_month;
    day_to_ymd(d, &year, &month, &day_of_month);
    return g_strdup_printf("%04d-%02d-%02d", year, month, day_of_month);
}

char *day_format_long(day d)
{
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    int year, month, day_of_month;
    day_to_ymd(d, &year, &month, &day_of_month);
    return g_strdup_printf("%s %d, %d", months[month - 1], day_of_month, year);
}

int day_weekday(day d)
{
    int weekday = (d + 4) % 7; /* 1970-01-01 was a Thursday */
    return weekday < 0 ? weekday + 7 : weekday;
}
