/* Offsets and the anchors that have reached them. Pure. */
#include "ladder.h"

#include <stdlib.h>
#include <string.h>

#define OFFSET_MAX 3650

gboolean offset_parse(const char *text, struct offset *ret)
{
    const char *digits = text + (text[0] == '+' || text[0] == '-');
    if (!g_ascii_isdigit(digits[0]))
        return FALSE;
    char *unit;
    gint64 count = g_ascii_strtoll(text, &unit, 10);
    gboolean business = strcmp(unit, "bd") == 0;
    if ((!business && strcmp(unit, "d") != 0) || ABS(count) > OFFSET_MAX)
        return FALSE;
    *ret = (struct offset){.count = (int)count, .business = business};
    return TRUE;
}

day offset_day(const struct offset *offset, const struct bizcal *cal, day anchor)
{
    return offset->business ? bizcal_add(cal, anchor, offset->count) : bizcal_next(cal, anchor + offset->count);
}

day offset_latest_anchor(const struct offset *offset, const struct bizcal *cal, day today)
{
    if (!offset->business) /* a step rolls forward, so only those that fall by the last business day have come */
        return bizcal_previous(cal, today) - offset->count;
    /* Counting back from the last business day lands on the anchor's roll; the anchors that roll to it or before. */
    return bizcal_add(cal, bizcal_previous(cal, today), -offset->count);
}

day offset_oldest_anchor(const struct offset *offset, day today)
{
    return offset->count < 0 ? today : DAY_NONE;
}
