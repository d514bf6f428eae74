/* RRULE by libical: the only file that knows it. */
#include "recur.h"

#include <libical/ical.h>

struct recur {
    icalrecur_iterator *iterator;
};

struct recur *recur_new(const char *rule, gint64 from_local, GError **error)
{
    struct icalrecurrencetype type = icalrecurrencetype_from_string(rule);
    if (type.freq == ICAL_NO_RECURRENCE || type.freq < ICAL_DAILY_RECURRENCE) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s' is no rule of DAILY or slower", rule);
        return NULL;
    }
    struct icaltimetype start = icaltime_from_timet_with_zone((time_t)from_local, 0, NULL);
    struct recur *recur = g_new(struct recur, 1);
    recur->iterator = icalrecur_iterator_new(type, start);
    return recur;
}

void recur_free(struct recur *recur)
{
    if (recur && recur->iterator)
        icalrecur_iterator_free(recur->iterator);
    g_free(recur);
}

gint64 recur_next(struct recur *recur)
{
    if (!recur->iterator)
        return G_MAXINT64;
    struct icaltimetype next = icalrecur_iterator_next(recur->iterator);
    return icaltime_is_null_time(next) ? G_MAXINT64 : (gint64)icaltime_as_timet(next);
}
