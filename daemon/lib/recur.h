/* recur.h: recurrence rules (RFC 5545 RRULE) over floating local time; the zone is the caller's, never libical's. */
#pragma once

#include <glib.h>

#include "attr.h"

struct recur;

/* Walks a rule from `from_local` (seconds as if the wall clock showed UTC) on. Refuses rules finer than DAILY: a
 * MINUTELY rule that can never match keeps libical busy for ever. Free with recur_free. */
MUST_CHECK struct recur *recur_new(const char *rule, gint64 from_local, GError **error);
void recur_free(struct recur *recur);

/* The next local time of the rule, or G_MAXINT64 when there is none. */
gint64 recur_next(struct recur *recur);
