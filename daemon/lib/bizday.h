/*
 * bizday.h: business days. A calendar is weekends plus holidays; `us_federal` follows 5 U.S.C. 6103 with the observed
 * days of a Monday-to-Friday worker (a Saturday holiday on the Friday before, also across New Year; a Sunday one on
 * the Monday after; Juneteenth from 2021). An agency adds its own days off.
 */
#pragma once

#include "day.h"

struct bizcal;

/* `name` is "us_federal" or "weekends". NULL for another name. Free with bizcal_free. */
struct bizcal *bizcal_new(const char *name);
void bizcal_add_day_off(struct bizcal *cal, day d);
void bizcal_free(struct bizcal *cal);

gboolean bizcal_is_open(const struct bizcal *cal, day d);

/* The first business day on or after `d`; on or before `d`. */
day bizcal_next(const struct bizcal *cal, day d);
day bizcal_previous(const struct bizcal *cal, day d);

/* `n` business days after the roll of `d` (before, when negative); n = 0 rolls forward. */
day bizcal_add(const struct bizcal *cal, day d, int n);
