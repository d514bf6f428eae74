/*
 * clock.h: the only place that asks what time it is.
 *
 * Instants are microseconds since 1970-01-01T00:00:00Z. A process tree can be given a virtual clock: a file of one
 * 64-bit instant that every process maps and the scheduler alone moves (`tickler rehearse`). Time-outs, leases and
 * heartbeats use the monotonic clock, which no rehearsal touches.
 */
#pragma once

#include <glib.h>

#include "attr.h"

typedef gint64 instant; /* microseconds since the epoch, UTC */

#define SECONDS(n) ((gint64)(n)*G_USEC_PER_SEC)

/* Maps the virtual clock at `path`; from now on clock_now() answers from it. Fails if the file is missing or short. */
MUST_CHECK gboolean clock_use_file(const char *path, GError **error);

/* Makes a virtual clock file that stands at `start`. */
MUST_CHECK gboolean clock_make_file(const char *path, instant start, GError **error);

/* Moves the virtual clock, never back. Only for the process that leads a rehearsal; asserts that there is one. */
void clock_advance(instant to);

gboolean clock_is_virtual(void);

/* Business time: virtual in a rehearsal, else the wall clock. */
instant clock_now(void);

/* The wall clock always: for leases shared between hosts and for log lines. */
instant clock_wall(void);

/* Monotonic microseconds, for time-outs. */
gint64 clock_mono(void);

/* "2027-02-04T09:00:00.000000Z": what SQL parameters and JSON carry. Free with g_free. */
char *instant_format(instant at);

/* Reads an ISO 8601 instant with a zone offset or Z. */
MUST_CHECK gboolean instant_parse(const char *text, instant *ret, GError **error);
