/*
 * calendar.h: the ticks. For each agency and schedule the nominal times of its cron text; each gets one row in the
 * ledger `occurrence`: fired, held, or skipped and why. After downtime the newest missed time fires, once.
 */
#pragma once

#include "office.h"

/* Reads the agencies and their last occurrences, writes the schedules in force into the database. */
MUST_CHECK gboolean calendar_open(struct office *office, GError **error);

/* Fires what has come. */
MUST_CHECK gboolean calendar_tick(struct office *office, GError **error);

/* The next nominal time of all, or G_MAXINT64. */
instant calendar_next(const struct office *office);
