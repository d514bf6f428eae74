/* The hours in which a person may be written to. Pure. */
#include "window.h"

#include <stdio.h>
#include <string.h>

#define DAY_MINUTES 1440

static gboolean parse_minute(const char *text, int *ret)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : !g_ascii_isdigit(text[i]))
            return FALSE;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    *ret = hour * 60 + minute;
    return minute < 60 && *ret <= DAY_MINUTES;
}

gboolean window_parse(const char *text, struct window *ret)
{
    struct window w;
    if (strlen(text) != 11 || text[5] != '-' || !parse_minute(text, &w.from_minute) ||
        !parse_minute(text + 6, &w.to_minute) || w.to_minute <= w.from_minute)
        return FALSE;
    *ret = w;
    return TRUE;
}

instant window_next(const struct window *window, const struct zone *zone, instant at)
{
    if (window->from_minute == 0 && window->to_minute == DAY_MINUTES)
        return at;
    day d = zone_day(zone, at);
    if (at < zone_at(zone, d, window->from_minute))
        return zone_at(zone, d, window->from_minute);
    if (at < zone_at(zone, d, window->to_minute))
        return at;
    return zone_at(zone, d + 1, window->from_minute);
}
