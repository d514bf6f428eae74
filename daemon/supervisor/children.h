/*
 * children.h: the processes that the supervisor keeps, as a table with a restart policy.
 *
 * A child that ends is started again at once; after five starts in half a minute it has to wait a little longer each
 * time, and after twenty in a minute its class is parked: the others go on, and the log and `tickler status` say so.
 */
#pragma once

#include "attr.h"
#include "bus.h"
#include "clock.h"
#include "js.h"

struct child {
    char *name;  /* class and number: "invoice_escalation/1" */
    char *class; /* "postgres", "redis", "migrate", "scheduler", a room */
    char **argv;
    char *log; /* where its output goes, or NULL for ours */
    int death_signal;
    gboolean beats;  /* it tells that it makes progress, and is killed when it does not */
    gboolean once;   /* not started again */
    int pid;         /* 0: not running */
    int last_status; /* of waitpid */
    gboolean has_ended;
    gboolean parked, renewing;
    gboolean retired; /* a reload made it superfluous: not started again, not shown once it is gone */
    char *trouble;    /* what it says it waits for, or NULL */
    guint starts;
    GArray *recent;                      /* gint64 monotonic: the starts of the last minute */
    gint64 started, last_beat, start_at; /* monotonic; start_at: not before */
};

struct children;
typedef void child_ended(struct child *child, void *with);

struct children *children_new(child_ended *ended, void *with);
void children_free(struct children *children);

/* Takes argv. */
struct child *children_add(struct children *children, const char *class, int number, char **argv);
struct child *children_find(struct children *children, const char *name);
guint children_count(const struct children *children);
struct child *children_at(const struct children *children, guint index);

/* Starts every child that should run and does not. */
void children_start(struct children *children);
/* Reaps the dead, starts them again. Call on SIGCHLD. */
void children_reap(struct children *children);
/* Kills those that beat and have not for `silence_us`. */
void children_check_beats(struct children *children, gint64 silence_us);
/* A beat of that process, with what it waits for (NULL: nothing). */
void children_beat(struct children *children, int pid, const char *trouble);

/* As if each had just beaten. */
void children_all_beat_now(struct children *children);

/* No more starts. Then signals: every running child whose class is (or, negated, is not) a server. */
void children_stop_starting(struct children *children);
void children_signal(struct children *children, gboolean servers, int signal);
guint children_running(const struct children *children, gboolean servers);
/* Whether every child that beats, and is neither parked nor retired, is up and has beaten within `within_us`. */
gboolean children_all_beat(const struct children *children, gint64 within_us);
struct js *children_status(const struct children *children);
