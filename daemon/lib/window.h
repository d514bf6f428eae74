/* window.h: the hours in which a person may be written to ("08:00-18:00"), in that person's own zone. Pure. */
#pragma once

#include "zone.h"

struct window {
    int from_minute; /* of the day, 0..1439 */
    int to_minute;   /* exclusive, 1..1440, after from_minute */
};

/* Reads "HH:MM-HH:MM" within one day; "00:00-24:00" is always open. */
MUST_CHECK gboolean window_parse(const char *text, struct window *ret);

/* `at` itself when the window is open then, else the next instant at which it opens. */
instant window_next(const struct window *window, const struct zone *zone, instant at);
