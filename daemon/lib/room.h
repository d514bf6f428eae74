/*
 * room.h: the skeleton of a worker. A room's main names its questions and its decision and hands both to room_main,
 * which owns options, signals, the queue, the database, holds, windows, caps, limits, rendering, the outbox and the
 * record. A room only says what ought to happen; the skeleton alone does it.
 *
 * For each window of parties, in one transaction: fetch (the subjects as they are now), decide, claim the letters
 * (`sending`) and record what needs no letter; commit; send; the next transaction records the answers.
 */
#pragma once

#include "clock.h"
#include "db.h"
#include "js.h"
#include "schedule.h"

/* What becomes of a job. */
enum verdict {
    VERDICT_NONE,       /* not decided: a defect of the room */
    VERDICT_DONE,       /* its letters and tasks go out */
    VERDICT_MOOT,       /* no longer true: `reason` */
    VERDICT_SUPERSEDED, /* a later step of the same subject goes instead */
    VERDICT_LATER,      /* not now: `reason`, `until` */
    VERDICT_NEVER,      /* cannot be done: `reason`; a task tells a person */
};

/* One job with the row that fetch.sql gave for it. */
struct job {
    gint64 id;
    int agency;
    gint64 subject_id, party_id;
    const char *subject;       /* "invoice:INV-7" */
    const char *party;         /* "facility:F-12" */
    day cycle;
    const char *step_id;
    int ordinal, tries;
    const struct step *step;   /* NULL: the ladder no longer has it */
    const struct db_rows *rows; /* the room's own columns: db_text(job->rows, job->row, "due_on") */
    int row;

    enum verdict verdict;
    char *reason;
    instant until;
};

/* A letter that the room asks for. The skeleton finds the people of `to`, renders, caps and sends. */
struct letter_wish {
    const struct step *step;
    const char *template;      /* step->template unless the room chose another */
    enum recipient to[4];
    int to_count;
    struct js *data;           /* what the templates may name */
    GPtrArray *jobs;           /* struct job, lent: the steps it carries; none for a thank-you */
    char *cycle_key;           /* makes the Message-ID with the jobs: e.g. the currency */
};

struct task_wish {
    const char *step_id;
    char *matter;              /* one open task per matter: "invoice_escalation call facility:F-12" */
    char *title, *reason, *script, *phone;
    enum recipient to;
    const char *priority;
    day due_on;
    GPtrArray *jobs;           /* struct job, lent */
};

/* All ready jobs of one party. */
struct party {
    const struct schedule *schedule;
    day today;                 /* in the schedule's zone */
    instant now;
    GPtrArray *jobs;           /* struct job */
    GPtrArray *letters;        /* struct letter_wish: filled by the room */
    GPtrArray *tasks;          /* struct task_wish: filled by the room */
};

struct room {
    const char *name;          /* its queue, its schedule, its templates */
    /* fetch.sql: $1 job_ids bigint[]  $2 date. One row per open job, any order, with at least: job_id, agency_id,
     * subject_id, subject, party_id, party, cycle, step, ordinal, tries, variant, fired (already in the ledger),
     * held (a hold's reason, or NULL), zone (of the party); plus the room's own columns. */
    const struct sql *fetch;
    /* Pure: gives every job its verdict and fills letters and tasks. */
    void (*decide)(struct party *party);
};

/* Runs the room until told to drain. Returns main's exit code. */
int room_main(int argc, char **argv, const struct room *room);

/* For decide(). The wishes own what they are given; `data` is taken. */
void job_say(struct job *job, enum verdict verdict, const char *format, ...) PRINTF_LIKE(3, 4);
void job_later(struct job *job, instant until, const char *format, ...) PRINTF_LIKE(3, 4);
struct letter_wish *party_letter(struct party *party, const struct step *step, struct js *data);
struct task_wish *party_task(struct party *party, const struct step *step);
