/*
 * rooms.h: the roster of rooms. The build collects each workers/<room>/ into one row: its name, the program to exec
 * and the questions that others ask on its behalf. Data only: no code of a room is linked into the daemon.
 */
#pragma once

#include "db.h"

struct room_row {
    const char *name;    /* "invoice_escalation" */
    const char *program; /* "ticklerd-invoice-escalation" */
    /*
     * due.sql, asked by the planner and by `tickler plan`, for one agency and date:
     *   $1 agency_id  $2 date  $3 variants text[]  $4 steps text[]  $5 ordinals int[]  $6 latest anchors date[]
     *   $7 oldest anchors date[] (NULL: no bound)  $8 catch_up ("latest", "one_step")  $9 min_amount_cents
     *   $10 issued by date[] (NULL: no bound)
     *   $11 tracks text[]  $12 the room's settings jsonb
     * $3..$7, $10 and $11 are parallel rungs: a step is due when oldest <= anchor <= latest and the subject existed on
     * `issued by`, the step's own day. Variant '' is the ladder of those without an override.
     * Answers subject_id, subject ("invoice:INV-7"), cycle, step, ordinal, party_id, party ("facility:F-12"), why.
     */
    const struct sql *due;
    /* freshness.sql: $1 agency_id; answers `at`, the instant at which the room's source data was last refreshed. */
    const struct sql *freshness;
    /* withdraw.sql: $1 agency_id  $2 date  $3 settings; the room's open tasks whose cause is gone: task_id, reason. */
    const struct sql *withdraw;
    /*
     * why.sql, for `tickler why KIND ID`: $1 agency_id  $2 kind  $3 own id  $4 date  $5 settings. One row for each
     * ladder that the subject stands on: track, anchor (a date, or NULL), variant, facts (lines of text, or NULL), gone
     * (why no step comes, or NULL), held (a hold's reason, or NULL). Rows without a track say only facts.
     */
    const struct sql *why;
};

extern const struct room_row rooms[];
extern const gsize rooms_count;
const struct room_row *rooms_find(const char *name);
