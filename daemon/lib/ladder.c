/* Offsets and the anchors that have reached them. Pure. */
#include "ladder.h"

#include <stdlib.h>
#include <string.h>

#define OFFSET_MAX 3650

/* Reads a signed count at `text`; answers what follows it, NULL when there is none. */
static const char *read_count(const char *text, int *ret)
{
    const char *digits = text + (text[0] == '+' || text[0] == '-');
    if (!g_ascii_isdigit(digits[0]))
        return NULL;
    char *unit;
    gint64 count = g_ascii_strtoll(text, &unit, 10);
    *ret = (int)CLAMP(count, -OFFSET_MAX - 1, OFFSET_MAX + 1);
    return ABS(*ret) <= OFFSET_MAX ? unit : NULL;
}

gboolean offset_parse(const char *text, struct offset *ret)
{
    struct offset offset = {0};
    const char *unit = read_count(text, &offset.count);
    offset.business = unit && g_str_has_prefix(unit, "bd");
    if (!unit || (!offset.business && unit[0] != 'd'))
        return FALSE;
    const char *then = unit + (offset.business ? 2 : 1);
    if (*then) {
        unit = then[0] == '+' && !offset.business && offset.count >= 0 ? read_count(then, &offset.then_business) : NULL;
        if (!unit || strcmp(unit, "bd") != 0)
            return FALSE;
    }
    *ret = offset;
    return TRUE;
}

day offset_day(const struct offset *offset, const struct bizcal *cal, day anchor)
{
    day first = offset->business ? bizcal_add(cal, anchor, offset->count) : bizcal_next(cal, anchor + offset->count);
    return offset->then_business ? bizcal_add(cal, first, offset->then_business) : first;
}

day offset_latest_anchor(const struct offset *offset, const struct bizcal *cal, day today)
{
    if (offset->then_business)
        today = bizcal_add(cal, bizcal_previous(cal, today), -offset->then_business);
    if (!offset->business) /* a step rolls forward, so only those that fall by the last business day have come */
        return bizcal_previous(cal, today) - offset->count;
    /* Counting back from the last business day lands on the anchor's roll; the anchors that roll to it or before. */
    return bizcal_add(cal, bizcal_previous(cal, today), -offset->count);
}

day offset_oldest_anchor(const struct offset *offset, const struct bizcal *cal, day today, int forget_after)
{
    if (offset->count < 0)
        return today;
    return forget_after ? offset_latest_anchor(offset, cal, today - forget_after - 1) + 1 : DAY_NONE;
}
