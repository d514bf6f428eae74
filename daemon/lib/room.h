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

/* What becomes of a job. Planning is pure, so what merely is not true or not allowed today leaves no mark in the
 * ledger: should it become true again (a refund, a broken promise), the next plan finds it. */
enum verdict {
    VERDICT_NONE,       /* not decided: a defect of the room */
    VERDICT_DONE,       /* its letters and tasks go out; ledger */
    VERDICT_SUPERSEDED, /* a later step of the same subject goes instead; ledger */
    VERDICT_NEVER,      /* cannot be done: `reason`; a task tells a person; ledger */
    VERDICT_MOOT,       /* no longer true: `reason`; the job ends, an event says so */
    VERDICT_HELD,       /* a person holds it: `reason`; the job ends, an event says so */
    VERDICT_LATER,      /* not now: `reason`, `until`; the job stays */
};

/* One job with the row that fetch.sql gave for it. */
struct job {
    gint64 id;
    int agency;
    gint64 subject_id, party_id;
    const char *subject; /* "invoice:INV-7" */
    const char *party;   /* "facility:F-12" */
    day cycle;
    const char *step_id;
    int ordinal, tries;
    const struct step *step; /* NULL: the ladder no longer has it */
    gboolean fired;
    const char *held;
    gboolean no_letter, no_task; /* the room's: of a step that has both, this job takes only the other */
    const struct db_rows *rows;  /* the room's own columns: db_text(job->rows, job->row, "due_on") */
    int row;

    enum verdict verdict;
    char *reason;
    instant until;
};

/* A letter that the room asks for. The skeleton finds the people of `to`, renders, caps and sends. */
struct letter_wish {
    const char *step_id;
    const char *template;
    enum recipient to[4];
    int to_count;
    const char *to_name, *to_address; /* instead of `to`: one person, lent by the job's row */
    gboolean free_of_gap;             /* a thank-you, a digest: min_gap and caps do not count it */
    const char *variety;              /* tells two letters of one step and party apart: the currency. Lent */
    struct js *data;                  /* what the templates may name; the skeleton adds `contact` */
    struct js *documents;             /* attachments: [{"id", "name", "type", "sha256"}], or NULL */
    GPtrArray *jobs;                  /* struct job, lent: the steps it carries */
};

struct task_wish {
    const char *step_id;
    char *matter, *title, *reason, *phone;
    const char *script; /* a template's name, or NULL */
    const char *role;   /* "va", "va_lead", ... */
    const char *priority;
    day due_on;
    struct js *data; /* for title and script */
    GPtrArray *jobs; /* struct job, lent */
};

/* A call of every configured web hook. */
struct hook_wish {
    char *id; /* idempotency key: the same for every try */
    struct js *body;
    struct job *job; /* lent */
};

/* All ready jobs of one party. */
struct party {
    const struct schedule *schedule;
    day today; /* in the schedule's zone */
    instant now;
    GHashTable *contacted; /* the skeleton's: of whom this decision has taken its place in the day's count; its letters
                              are one contact, whatever their number */
    GPtrArray *jobs;       /* struct job */
    GPtrArray *letters;    /* struct letter_wish: filled by the room */
    GPtrArray *hooks;      /* struct hook_wish: filled by the room */
    GPtrArray *tasks;      /* struct task_wish: filled by the room */
};

struct room {
    const char *name; /* its queue, its schedule, its templates */
    /*
     * fetch.sql: $1 job_ids bigint[]  $2 date  $3 min_amount_cents  $4 settings jsonb. One row per open job with at
     * least: job_id, agency_id, subject_id, subject, party_id, party, cycle, step, ordinal, tries, variant, fired
     * (already in the ledger), held (a hold's reason, or NULL), zone (of the party), from_name, reply_to; plus the
     * room's own columns.
     */
    const struct sql *fetch;
    /* Pure: gives every job its verdict and fills letters and tasks. A job whose step left the ladder, has fired or is
     * held, and all but the highest step of a subject, are dealt with before. */
    void (*decide)(struct party *party);
    const char *const *extra_steps; /* steps beside the ladder, NULL-terminated, or NULL */
};

/* Runs the room until told to drain. Returns main's exit code. */
int room_main(int argc, char **argv, const struct room *room);

/* For decide(). */
void job_say(struct job *job, enum verdict verdict, const char *format, ...) PRINTF_LIKE(3, 4);
void job_later(struct job *job, instant until, const char *format, ...) PRINTF_LIKE(3, 4);
/* New wishes; `data` is taken. */
struct letter_wish *party_letter(struct party *party, const struct step *step, struct js *data);
struct task_wish *party_task(struct party *party, const struct step *step, struct js *data);

/*
 * The common shape of a room (room_steps.c). Its fetch.sql gives beside the standard columns: gone (why it is moot, or
 * NULL), why (a task's reason), phone, priority (instead of the step's, or NULL), and as JSON objects `common` (what
 * every template may name), `item` (this subject) and `documents` (attachments of its letter, or NULL).
 *
 * One letter to the party for all jobs whose steps share a template, to the people of the highest step; one letter to
 * staff for each template; one task for each job whose step makes one. All that is left is done.
 */
void party_take_steps(struct party *party);
/* `common` of the first job, and of all: items, count, one, many, today, reply_by. `jobs` holds struct job. */
struct js *party_data(const struct party *party, const GPtrArray *jobs);
/* The text of a job's column; "" for NULL. */
const char *job_text(const struct job *job, const char *column);

/* Takes `id` and `body`. */
void party_hook(struct party *party, struct job *job, char *id, struct js *body);

/* "1,234.50" of cents. Free with g_free. */
char *money_format(gint64 cents);

/* Parties are made by the skeleton, and by tests of decide(). */
struct party *party_new(const struct schedule *schedule, day today, instant now);
void party_free(struct party *party);
