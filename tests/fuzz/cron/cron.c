/* Cron text: refused in one sentence, or its fire times go forward. */
#include "cron.h"

#include "../fuzz.h"

/* Around the clock changes of 2027, and far from them. */
static const struct {
    const char *zone;
    instant after;
} moments[] = {{"America/Chicago", SECONDS(1805043600)},
               {"America/Chicago", SECONDS(1825570800)},
               {"Pacific/Apia", SECONDS(951782399)}};

static void walk(const struct cron *cron, const struct zone *zone, instant after)
{
    instant first = cron_next(cron, zone, after);
    must(first > after);
    if (first != G_MAXINT64)
        must(cron_next(cron, zone, first - 1) == first && cron_next(cron, zone, first) > first);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);
    g_autoptr(GError) error = NULL;
    struct cron *cron = cron_parse(text, &error);
    must(!cron == !!error);
    gsize moment = size % G_N_ELEMENTS(moments);
    if (cron)
        walk(cron, zone_get(moments[moment].zone), moments[moment].after);
    cron_free(cron);
    return 0;
}
