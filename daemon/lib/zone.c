/*
 * Local time and instants by GLib's zones, under the policy of zone.h. A zone is opened once: opening costs 500 times a
 * conversion.
 */
#include "zone.h"

#define DAY_SECONDS 86400

struct zone {
    char *name;
    GTimeZone *tz;
};

static GHashTable *zones; /* name -> struct zone, for the life of the process */

const struct zone *zone_get(const char *name)
{
    if (!zones)
        zones = g_hash_table_new(g_str_hash, g_str_equal);
    struct zone *zone = g_hash_table_lookup(zones, name);
    if (zone)
        return zone;
    /* GLib also takes "+05:30"; only IANA names are zones here. */
    GTimeZone *tz = g_ascii_isalpha(name[0]) ? g_time_zone_new_identifier(name) : NULL;
    if (!tz)
        return NULL;
    zone = g_new(struct zone, 1);
    *zone = (struct zone){.name = g_strdup(name), .tz = tz};
    g_hash_table_insert(zones, zone->name, zone);
    return zone;
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

instant zone_to_instant(const struct zone *zone, gint64 local)
{
    gint64 t = local; /* moved past the gap by GLib */
    int standard = g_time_zone_adjust_time(zone->tz, G_TIME_TYPE_STANDARD, &t);
    int daylight = g_time_zone_find_interval(zone->tz, G_TIME_TYPE_DAYLIGHT, t);
    gint64 utc = t - g_time_zone_get_offset(zone->tz, standard);
    if (daylight >= 0 && daylight != standard)
        utc = MIN(utc, t - g_time_zone_get_offset(zone->tz, daylight));
    return utc * G_USEC_PER_SEC;
}

static gint64 floor_div(gint64 a, gint64 b)
{
    return a / b - (a % b < 0);
}

static int interval_at(const struct zone *zone, instant at)
{
    return g_time_zone_find_interval(zone->tz, G_TIME_TYPE_UNIVERSAL, floor_div(at, G_USEC_PER_SEC));
}

gint64 zone_to_local(const struct zone *zone, instant at)
{
    return floor_div(at, G_USEC_PER_SEC) + g_time_zone_get_offset(zone->tz, interval_at(zone, at));
}

day zone_day(const struct zone *zone, instant at)
{
    return (day)floor_div(zone_to_local(zone, at), DAY_SECONDS);
}

instant zone_at(const struct zone *zone, day d, int minutes)
{
    return zone_to_instant(zone, (gint64)d * DAY_SECONDS + minutes * 60);
}

char *zone_format(const struct zone *zone, instant at)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(floor_div(at, G_USEC_PER_SEC));
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone->tz);
    return g_date_time_format(local, "%Y-%m-%dT%H:%M:%S%:z");
}
