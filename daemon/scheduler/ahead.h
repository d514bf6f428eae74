/*
 * ahead.h: what a room's queue has read ahead. A few pages of ready jobs stand in memory, by agency and party, so that
 * a worker never waits for a question; however many jobs are ready, the memory stays the same. Nothing here is a
 * record: a row that changed meanwhile is found out by the worker, which reads it again.
 */
#pragma once

#include "office.h"

struct ahead;
struct ahead *ahead_new(const char *room);
void ahead_free(struct ahead *ahead);

/* How many jobs are in memory, and whether more may be ready than that. */
guint ahead_jobs(const struct ahead *ahead);
gboolean ahead_has_more(const struct ahead *ahead);

/* Reads another page, leaving out the jobs of `in_flight` (a set of ids, AHEAD_KEY). */
MUST_CHECK gboolean ahead_read(struct ahead *ahead, struct office *office, GHashTable *in_flight, GError **error);
#define AHEAD_KEY(id) ((gpointer)(gintptr)(id))

/* The next jobs (gint64, never more than WIRE_JOBS_MAX): whole parties, agencies in turn, about `most` of them. Adds to
 * `parties` (guint16) how many each party has. A job that ended a worker before travels with its party alone. */
GArray *ahead_take(struct ahead *ahead, guint most, GArray *parties);

/* Something changed behind the place that was read last: look from the start again. */
void ahead_look_again(struct ahead *ahead);
/* It has read all a moment ago, and need not look again unless somebody knows of something new. */
gboolean ahead_rests(const struct ahead *ahead);
/* Forgets all that was read. */
void ahead_clear(struct ahead *ahead);
