/* room_shared.h: what the files of the worker skeleton share. Rooms include room.h only. */
#pragma once

#include "bus.h"
#include "config.h"
#include "meter.h"
#include "process.h"
#include "room.h"
#include "template.h"
#include "transfer.h"

/* A number as a parameter of a question. Free with g_free. */
char *int_text(gint64 number);

/* The checks that every room shares, then the room's own decision. */
void room_decide(const struct room *room, struct party *party);

/* A worker at its desk. */
struct desk {
    const struct room *room;
    struct process process;
    struct config *config;
    const struct schedule *schedule;
    struct db *db;
    struct loop *loop;
    struct bus *bus;
    struct meter *meter;
    struct relay *relay;   /* NULL: letters go into the Maildir, or are recorded */
    GHashTable *templates; /* file -> struct template_parsed */
    GPtrArray *claimed;    /* struct claim: letters of the present window */
    GPtrArray *events;     /* struct note */
    GPtrArray *doubts;     /* struct claim: letters of this transaction's jobs that may have arrived and may go again */
    GHashTable *keys;      /* agency (int) -> what its Message-IDs are made with */
    GHashTable *retried;   /* job id (gint64) -> day of its last try, which brought nothing; of this transaction */
    guint width;           /* parties of the next window */
    guint64 progress;
    gboolean looks_out; /* for steps that are in the ledger already */
    gboolean draining;
    gboolean relay_is_away; /* and the log says so */
};

/* A letter that was committed as `sending`, and what became of it. */
struct claim {
    int agency;
    gint64 message_id;
    char *internet_id, *address, *recipient, *party;
    char *subjects;   /* a line each: an id may have a blank */
    GBytes *letter;   /* or the body of a web hook */
    gboolean is_hook; /* internet_id is its idempotency key; there is no message row */
    GArray *job_ids;  /* gint64 */
    int tries;
    gint64 claimed_mono;
    enum delivery delivery;
    gboolean about_address;    /* NEVER: the refusal is the address's */
    gboolean delivered_before; /* it is not sent again */
    gboolean in_doubt;         /* it may have arrived once: whatever comes of it now, it is not "failed" */
    gboolean on_record;        /* its state is written already, and has its event */
    char *holder;              /* of one in doubt: whose claim it was */
    gboolean metered;          /* it waits for a limit: no try is counted */
    instant until;
    char *reply;
};
void claim_free(gpointer claim);

/* One event to be appended with the transaction. */
struct note {
    int agency;
    char *kind, *about, *detail;
};
void desk_note(struct desk *desk, int agency, const char *kind, const char *about, const char *reason);

/* --- windows and batches */

struct window_of_jobs { /* whole parties */
    struct db_array *ids;
    guint jobs;
    gboolean is_wide; /* of more than send_window parties: it fails when it would claim more letters than that */
    guint letters;    /* that it claimed */
};

/* room_window.c: one transaction: the letters of the last window recorded, those of this one (NULL: none) claimed. On
 * success `claimed` holds only the new ones. FALSE only when the database is lost or refuses; what was sent stays in
 * memory until it is on record. */
MUST_CHECK gboolean window_transact(struct desk *desk, struct window_of_jobs *window, GError **error);
/* What was sent must be on record: tries until the database is back or we are told to go at once. */
MUST_CHECK gboolean window_insist(struct desk *desk);

/* One row of fetch.sql. */
struct job *window_read_job(const struct desk *desk, const struct db_rows *rows, int row);

/* room_batch.c: works on jobs (gint64) in their order, `parties` (guint16) says how many each party has; answers how
 * many of them are done with. */
guint desk_do_batch(struct desk *desk, const GArray *jobs, const GArray *parties);
gboolean desk_should_stop(struct desk *desk);

/* --- a window's letters, from wishes to claims */

struct person {
    const char *role, *name, *address; /* lent by the rows */
    const struct zone *zone;
};

/* A wish on its way to letters, one for each of its people. */
struct intent {
    struct party *party;
    struct letter_wish *wish;
    const struct job *first; /* of the wish */
    struct person people[8];
    int count;
    GPtrArray *attachments; /* struct attachment */
    gboolean goes;          /* nothing stands in its way so far */
    gboolean counts;        /* against the gap and the day */
};

/* A letter that has no row yet. */
struct draft {
    const struct intent *intent;
    struct claim *claim; /* lent: desk->claimed has it */
    char *subject;
};
void draft_free(gpointer draft);

/* outbox_people.c: who stands behind the roles of each wish; nobody leaves a `count` at 0. Free *ret_rows, which lends
 * the names, with db_rows_free. */
MUST_CHECK gboolean outbox_find_people(struct desk *desk, const GPtrArray *intents, struct db_rows **ret_rows,
                                       GError **error);
/* outbox_timing.c: those that may not go at this hour, or so soon after the last letter, are postponed with the reason.
 */
MUST_CHECK gboolean outbox_keep_hours(struct desk *desk, const GPtrArray *intents, GError **error);
void outbox_postpone_all(const struct letter_wish *wish, instant until, const char *reason);
/* outbox_spend.c: the same for those for which the day's counts have no place left. */
MUST_CHECK gboolean outbox_spend(struct desk *desk, const GPtrArray *intents, GError **error);
/* outbox_letter.c */
char *outbox_letter_id(struct desk *desk, const struct letter_wish *wish, const struct person *person, GError **error);
MUST_CHECK GBytes *outbox_write(struct desk *desk, const struct intent *intent, const struct person *person,
                                const char *id, char **ret_subject, GError **error);
/* outbox_put.c: rows of letters and of their steps; the claims learn their message ids. */
MUST_CHECK gboolean outbox_put(struct desk *desk, const GPtrArray *drafts, GError **error);

/* --- tasks (outbox_tasks.c) */

MUST_CHECK gboolean outbox_raise_task(struct desk *desk, struct party *party, const struct task_wish *wish,
                                      GError **error);
/* Nobody to write to: the jobs end, and a person is told. */
MUST_CHECK gboolean outbox_nobody_task(struct desk *desk, struct party *party, const struct letter_wish *wish,
                                       GError **error);
/* The attachments of a wish (struct attachment into `ret`); *ret_good is FALSE when one is missing or altered: then the
 * wish is postponed, and a person is told. */
MUST_CHECK gboolean outbox_attach(struct desk *desk, struct party *party, const struct letter_wish *wish,
                                  GPtrArray *ret, gboolean *ret_good, GError **error);

/* outbox_claim.c: turns the wishes of parties into claimed letters, tasks and verdicts, inside the open transaction.
 * When that would be more than `most` letters it fails (DB_CONFLICT) before it writes one. */
MUST_CHECK gboolean outbox_claim(struct desk *desk, const GPtrArray *parties, guint most, GError **error);

/* outbox_resume.c: letters of a window's jobs from before (message_of_jobs.sql). What left, or may have left, is
 * settled: its jobs are added to `ret_taken` (a set of job ids as gint64*). What never left is written anew from what
 * is true now: its jobs go the usual way, and are added to desk->retried. */
MUST_CHECK gboolean outbox_resume(struct desk *desk, const struct db_rows *letters, GHashTable *ret_taken,
                                  GError **error);

/* outbox_doubt.c: under `if_unknown: resend`, the letters that outbox_resume put into desk->doubts. */
/* The party of the first of them, to be decided without other jobs: it might get another letter with them. Its jobs are
 * added to `taken`; it may have none left. */
struct party *outbox_next_doubt(struct desk *desk, const struct db_rows *rows, GHashTable *taken, instant now);
/* A wish has come to the letter with this Message-ID: when it is one in doubt, that one goes, in its own bytes. */
MUST_CHECK gboolean outbox_send_again(struct desk *desk, const char *internet_id, gboolean *ret_is_doubt,
                                      GError **error);
/* The party was decided: what did not go again waits with its jobs, or a person is asked about it. Takes `first` (a
 * claim that is not looked into) and all that concern the party's jobs out of desk->doubts. */
MUST_CHECK gboolean outbox_settle_doubts(struct desk *desk, const struct party *party, const struct claim *first,
                                         GError **error);
/* The letter is ours from now on; FALSE with DB_CONFLICT when its holder has changed meanwhile. */
MUST_CHECK gboolean outbox_reclaim(struct desk *desk, const struct claim *claim, const char *holder, GError **error);

/* A claim older than this is not sent any more: another worker may soon take it over. */
#define CLAIM_LEASE_US SECONDS(90)

/* outbox_send.c: sends what is claimed. */
void outbox_send(struct desk *desk);
/* outbox_results.c: writes what became of it, inside the open transaction. */
MUST_CHECK gboolean outbox_record(struct desk *desk, GError **error);

/* outbox_record.c: verdicts of jobs that no letter decides, and the events. */
struct verdicts { /* of a window; parallel lists */
    struct db_array *ended, *outcomes, *reasons;
    struct db_array *later, *untils, *why_later;
};
struct verdicts *verdicts_new(void);
void verdicts_free(struct verdicts **verdicts);
#define AUTO_VERDICTS __attribute__((cleanup(verdicts_free)))
void outbox_verdicts(struct desk *desk, const struct party *party, struct verdicts *verdicts);
MUST_CHECK gboolean outbox_settle(struct desk *desk, struct verdicts *verdicts, GError **error);
MUST_CHECK gboolean outbox_events(struct desk *desk, GError **error);

/* Writes ledger rows: parallel lists of job ids, outcomes, reasons. */
MUST_CHECK gboolean outbox_finish(struct desk *desk, struct db_array *ids, struct db_array *outcomes,
                                  struct db_array *reasons, GError **error);
MUST_CHECK gboolean outbox_postpone(struct desk *desk, gint64 job, instant until, const char *reason, gboolean tried,
                                    GError **error);

/* Fills config/templates/<room>/<file>, which is read and parsed once: new templates come with new workers. */
char *desk_render(struct desk *desk, const char *file, enum template_kind kind, const struct js *data, GError **error);
