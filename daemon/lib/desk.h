/*
 * desk.h: tasks for people. A task never belongs to nobody: the least loaded of the wanted role whose skills, absence
 * and working hours fit, else the next role up (VA, lead, leadership), else anyone of the agency. One open task a
 * matter.
 */
#pragma once

#include "bizday.h"
#include "clock.h"
#include "day.h"
#include "db.h"
#include "zone.h"

struct desk_task {
    int agency;
    const char *worker, *step, *party;           /* "facility:F-12" */
    const char *matter;                          /* one open task per matter */
    const char *subjects;                        /* array text, e.g. db_array_text() of "invoice:INV-7" */
    const char *title, *reason, *script, *phone; /* script, phone: or NULL */
    const char *role;                            /* wanted: "va", "va_lead", "account_manager", "leadership", ... */
    const char *priority;
    day due_on;
    instant now;
    day cycle; /* the round of the ladder that it belongs to; 0: none */
};

/* Raises it, or finds that the matter has an open task (then *ret_id is 0; a higher priority and an earlier day lift
 * that one). Writes the event. In the caller's transaction. */
MUST_CHECK gboolean desk_raise(struct db *db, const struct desk_task *task, gint64 *ret_id, GError **error);

/* Takes an open task back because its cause is gone. Writes the event. */
MUST_CHECK gboolean desk_withdraw(struct db *db, int agency, gint64 task, const char *actor, const char *reason,
                                  instant now, GError **error);

/* Appends one event to an agency's chain. `detail` is a JSON object's text. */
MUST_CHECK gboolean desk_event(struct db *db, int agency, instant at, const char *actor, const char *kind,
                               const char *about, const char *detail, GError **error);

/* How people call a party: "Cedar House" of "facility:F-12"; the word itself when it is nobody on record. */
char *desk_party_name(struct db *db, int agency, const char *party);

/* The matter of a task about somebody's mail address: one open task for each party and role. */
char *desk_contact_matter(const char *party, const char *role);

/* A letter of ours that did not reach its reader. */
struct desk_bounce {
    int agency;
    const char *actor; /* a room, or "scheduler" */
    gint64 message_id;
    const char *reason;            /* the other side's words */
    gboolean keep_address;         /* the address may be good: only a task */
    const struct bizcal *calendar; /* the task is due on the next business day, */
    const struct zone *zone;       /* and this zone says what day it is */
};

/* Suppresses the letter's address and raises the task to mend it, with their events, in the caller's transaction. */
MUST_CHECK gboolean desk_bounced(struct db *db, const struct desk_bounce *bounce, GError **error);

/* The other side's words without the address that they quote, for what goes into the event log. Free with g_free. */
char *desk_without_address(const char *words, const char *address);

/* The event of an address that is suppressed, or is no longer. It names the address by a digest alone: the event log is
 * for good. */
MUST_CHECK gboolean desk_suppression_event(struct db *db, int agency, instant at, const char *actor, const char *kind,
                                           const char *address, const char *reason, GError **error);
