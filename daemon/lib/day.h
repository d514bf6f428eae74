/* day.h: calendar dates as a count of days, so that "+20d" is an addition. Proleptic Gregorian, no zone, no hour. */
#pragma once

#include <glib.h>

#include "attr.h"

typedef gint32 day; /* days since 1970-01-01 */

#define DAY_NONE G_MININT32 /* no date */

/* Reads exactly "YYYY-MM-DD"; refuses 31 February, and text before or after. */
MUST_CHECK gboolean day_parse(const char *text, day *ret);

/* "2027-02-04". Free with g_free. */
char *day_format(day d);
/* "March 31, 2027", as letters say it. Free with g_free. */
char *day_format_long(day d);

day day_from_ymd(int year, int month, int day_of_month);
void day_to_ymd(day d, int *ret_year, int *ret_month, int *ret_day);

/* 0 Sunday .. 6 Saturday. */
int day_weekday(day d);
