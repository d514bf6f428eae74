/*
 * zone.h: local time and instants, under one written policy at clock changes.
 *
 * A local time inside the spring gap becomes the first valid instant after the gap; one that happens twice in autumn
 * is the first passage. Zones are IANA names and are kept for the life of the process.
 */
#pragma once

#include "clock.h"
#include "day.h"

struct zone;

/* The zone of that IANA name, or NULL when the system knows none (no fallback to UTC). Never freed. */
const struct zone *zone_get(const char *name);
const char *zone_name(const struct zone *zone);

/* `local` is seconds since the epoch as if the wall clock showed UTC. */
instant zone_to_instant(const struct zone *zone, gint64 local);
gint64 zone_to_local(const struct zone *zone, instant at);

/* The date that people in the zone write at that instant. */
day zone_day(const struct zone *zone, instant at);

/* Midnight plus `minutes` of that date in the zone. */
instant zone_at(const struct zone *zone, day d, int minutes);

/* "2027-02-04T09:00:00-06:00". Free with g_free. */
char *zone_format(const struct zone *zone, instant at);
