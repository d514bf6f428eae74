/*
 * ladder.h: which step of a ladder a subject stands on. Pure: told the date, asks nothing.
 *
 * A step falls on its anchor plus an offset, rolled forward to a business day ("+20d"), or counted in business days
 * ("-5bd"). Since that day never moves back when the anchor moves forward, each step has for a given date one latest
 * anchor that has reached it: the planner's SQL compares a column with these few dates and uses an ordinary index.
 */
#pragma once

#include "bizday.h"

struct offset {
    int count;
    gboolean business; /* count business days, not calendar days */
    int then_business; /* and so many business days after that day */
};

/* Reads "+20d", "-5bd", "0d", "+30d+3bd" (only after an anchor). Refuses anything else; |count| at most 3650. */
MUST_CHECK gboolean offset_parse(const char *text, struct offset *ret);

/* The day on which a step with this offset falls for this anchor. */
day offset_day(const struct offset *offset, const struct bizcal *cal, day anchor);

/* The latest anchor whose step has come by `today`: offset_day(result) <= today < offset_day(result + 1). */
day offset_latest_anchor(const struct offset *offset, const struct bizcal *cal, day today);

/* The earliest anchor for which the step still makes sense today: a step before the anchor is void once the anchor
 * has passed, so `today` for a negative offset; otherwise the anchors whose step is more than `forget_after` days late
 * are left out, and DAY_NONE (no bound) stands where that is 0. */
day offset_oldest_anchor(const struct offset *offset, const struct bizcal *cal, day today, int forget_after);
