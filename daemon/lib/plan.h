/*
 * plan.h: what is due, and the jobs made of it. The same statement answers `tickler plan` (without doing it) and the
 * scheduler: a room's due.sql over the rungs of its ladders on one date.
 */
#pragma once

#include "config.h"
#include "db.h"
#include "rooms.h"

/* Rows as rooms.h says, ordered by party and subject. */
MUST_CHECK struct db_rows *plan_due(struct db *db, const struct room_row *room, const struct schedule *schedule,
                                    int agency, day today, GError **error);

struct plan_outcome {
    gint64 planned; /* jobs added */
    gboolean held;  /* the storm brake held them */
    gboolean skipped;
    gboolean taken; /* with FALSE: another scheduler was first, and its plan stands */
    char *reason;   /* why skipped or held; NULL when fired. Free with g_free */
};

/* One occurrence of a schedule for one agency, in one transaction: pause, stale-data brake (not under a virtual clock),
 * the jobs, the occurrence row, its event, and a task when a brake held it. An occurrence that is already in the ledger
 * plans nothing again. */
MUST_CHECK gboolean plan_run(struct db *db, const struct room_row *room, const struct schedule *schedule, int agency,
                             instant nominal, instant now, const char *actor, struct plan_outcome *ret, GError **error);

/* A room whose plan fails does not stop the others: the occurrence is written as skipped, and a task tells the VA lead.
 */
MUST_CHECK gboolean plan_give_up(struct db *db, const struct room_row *room, const struct schedule *schedule,
                                 int agency, instant nominal, instant now, const char *why, GError **error);

/* Writes an occurrence that did not run, and why. */
MUST_CHECK gboolean plan_skip(struct db *db, const char *worker, int agency, instant nominal, instant now,
                              const char *reason, GError **error);
