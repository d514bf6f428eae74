/*
 * cron.h: five-field cron text and its fire times in a zone.
 *
 * Fields, names, lists, ranges, steps and @hourly..@yearly as in Vixie cron; when both day fields are restricted
 * either one matches. Fire times are local: in the spring gap the next valid minute, in the autumn overlap the first
 * passage, once each. A text that can never match (30 February) is refused.
 */
#pragma once

#include "zone.h"

struct cron;

/* Parses; NULL with a sentence naming the field at fault. Free with cron_free. */
MUST_CHECK struct cron *cron_parse(const char *text, GError **error);
void cron_free(struct cron *cron);

/* The first fire time strictly after `after`. */
instant cron_next(const struct cron *cron, const struct zone *zone, instant after);
