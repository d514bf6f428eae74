/*
 * kill_point.h: named places at which a test ends, stops or delays the process, so that what must hold when it dies
 * just there can be shown. Only builds with the CMake option TICKLER_KILL_POINTS (the debug preset) have them; in any
 * other the macros are nothing, and no program knows the names.
 *
 *   KILL_POINT(worker, received);                  the point worker.received
 *   KILL_POINT_OF(worker, decide, job->subject);   one that a text tells apart: worker.decide@invoice:INV-7
 *
 * A point is a row of the list below: a name that is not there does not compile, and the environment names no other.
 *
 *   TICKLER_KILL_AT=NAME[@TEXT]:NTH:ACTION   acts at the NTH pass of each process; with @TEXT only its passes count
 *   TICKLER_KILL_MARK=FILE                   acts once over all processes: whoever makes FILE first, which then holds
 *                                            "PID PROGRAM NAME". Without it every process acts at its own NTH pass
 *   TICKLER_KILL_FILE=FILE                   instead of both, for one office and many kills: whenever FILE is there, it
 *                                            holds such a wish for one act. Who acts renames it to FILE.passed, which
 *                                            then holds "PID PROGRAM NAME"
 *
 * ACTION: kill (SIGKILL), abort, stop (SIGSTOP), loop (for ever), eat (memory, up to 1 GiB, then killed as the kernel
 * kills who eats it), sleep:MILLISECONDS, exit:CODE. A wish that is none of this ends the program (exit 2).
 */
#pragma once

/* part, place: what has just happened, or happens next, there */
#define KILL_POINTS(POINT)                                                                                             \
    POINT(supervisor, locked)          /* the directory is locked, nothing started */                                  \
    POINT(supervisor, forked)          /* one child runs, the rest do not yet */                                       \
    POINT(supervisor, child_forked)    /* in the child, before its exec */                                             \
    POINT(supervisor, reload_copied)   /* the new configuration is in force, every process has the old one */          \
    POINT(supervisor, reload_renewing) /* one process was told to come back with the new one */                        \
    POINT(supervisor, draining)        /* everybody was told to drain */                                               \
    POINT(supervisor, reaping)         /* a dead child was taken from the kernel and not yet noted */                  \
    POINT(plan, begun)                 /* a plan's transaction is open and has written nothing */                      \
    POINT(plan, inserted)              /* all is written, not committed */                                             \
    POINT(plan, committed)             /* nobody was told */                                                           \
    POINT(scheduler, jobs_sent)        /* a batch is with a worker, not yet noted as in its hand */                    \
    POINT(scheduler, starts_counted)   /* a worker died: its jobs' starts are counted, not committed */                \
    POINT(scheduler, term_taken)       /* the term is ours in the record, and not yet used */                          \
    POINT(scheduler, term_left)        /* the term was given back, the process still runs */                           \
    POINT(worker, received)            /* a batch came, nothing was asked */                                           \
    POINT(worker, decide)              /* of a subject: before its party is decided */                                 \
    POINT(worker, claimed)             /* letters are in the outbox, not committed */                                  \
    POINT(worker, claim_committed)     /* no letter was sent yet */                                                    \
    POINT(worker, letter_sent)         /* the relay or the Maildir has a letter; it is not on record */                \
    POINT(worker, recorded)            /* what became of the letters is written, not committed */                      \
    POINT(worker, record_committed)    /* nobody was told */                                                           \
    POINT(worker, done_said)           /* the scheduler was told */                                                    \
    POINT(mail, data)                  /* inside DATA: libcurl asks for the letter's bytes, or for more of them */     \
    POINT(maildir, written)            /* a letter's file is synced under tmp/, not yet in new/ */                     \
    POINT(webhook, answered)           /* a web hook's answer was read, not recorded */                                \
    POINT(import, staging)             /* the rows are on their way into the staging table */                          \
    POINT(import, staged)              /* all are, and none is applied */                                              \
    POINT(import, applied)             /* applied, not committed */                                                    \
    POINT(import, committed)           /* nobody was told */                                                           \
    POINT(migrate, stepped)            /* a schema file ran and is not noted */                                        \
    POINT(migrate, applied)            /* all are applied and noted, not committed */

#ifdef TICKLER_KILL_POINTS

enum kill_point {
#define POINT(part, place) KILL_POINT_##part##_##place,
    KILL_POINTS(POINT)
#undef POINT
        KILL_POINT_COUNT
};

#define KILL_POINT(part, place)          kill_point_pass(KILL_POINT_##part##_##place, "")
#define KILL_POINT_OF(part, place, text) kill_point_pass(KILL_POINT_##part##_##place, text)

/* Safe between fork and exec. Use the macros. */
void kill_point_pass(enum kill_point point, const char *text);

#else

#define KILL_POINT(part, place)          ((void)0)
#define KILL_POINT_OF(part, place, text) ((void)0)

#endif
