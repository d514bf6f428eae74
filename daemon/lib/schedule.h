/*
 * schedule.h: one room's schedule, config/schedules/<worker>.yaml, checked and ready to use. Immutable once loaded.
 */
#pragma once

#include "cron.h"
#include "ladder.h"
#include "window.h"

struct problems;

enum recipient {
    TO_BILLING_CONTACT,
    TO_CLINICAL_DIRECTOR,
    TO_HR,
    TO_COMPLIANCE,
    TO_THERAPIST,
    TO_PAYER, /* the last of those outside the agency */
    TO_VA,
    TO_VA_LEAD,
    TO_RECRUITER,
    TO_ACCOUNT_MANAGER,
    TO_LEADERSHIP,
    RECIPIENTS
};
extern const char *const recipient_names[RECIPIENTS]; /* "billing_contact", ... as in the YAML */

/* A room may have several ladders that are climbed side by side, its tracks (named in its sample.json). An ordinal is
 * the track's index * TRACK_SIZE plus the step's place on it: only steps of one track supersede each other. */
enum { TRACK_SIZE = 1000000 };

struct step {
    char *id;
    char *series; /* the id that a repeated step has in the YAML; "follow_up" of "follow_up_3" */
    int track;    /* index into the schedule's tracks */
    int ordinal;  /* grows along a track with the distance from the anchor */
    struct offset at;
    char *at_text;  /* as written */
    char *template; /* NULL: no letter */
    enum recipient to[4];
    int to_count;
    struct {
        char *title; /* Mustache; NULL: no task */
        enum recipient to;
        char *priority; /* low, normal, high, urgent */
        struct offset due_in;
        char *script; /* template name of the script, or NULL */
    } task;
};

enum catch_up { CATCH_UP_LATEST, CATCH_UP_ONE_STEP };

struct schedule {
    char *worker;
    char *digest; /* SHA-256 of the file */
    struct cron *run;
    char *run_text;
    const struct zone *zone;
    struct bizcal *calendar; /* with the agency's days off */
    struct window window;
    enum catch_up catch_up;
    struct offset min_gap;          /* between two letters to one party; 0d: none */
    int stop_if_data_older_than_h;  /* 0: no brake */
    int forget_after_d;             /* a step that is later than this is left out; 0: however late */
    int per_party_per_day, per_run; /* 0: no limit */
    int storm_brake;                /* a plan of more jobs is held; 0: no brake */
    gint64 min_amount_cents;        /* smaller balances are not chased */
    gboolean thank_you;             /* a note when a chased invoice is paid */
    GPtrArray *tracks;              /* their names; "main" alone when the room names none */
    char *settings;                 /* the room's own settings as a JSON object, defaults from its sample.json; and
                                     * "tracks", their names */
    GPtrArray *steps;               /* struct step, in ladder order */
    GHashTable *overrides;          /* variant (facility type, payer) -> GPtrArray of struct step, complete ladders */
};

/* Reads one file; `templates_dir` is config/templates/<worker>: every named template must exist and render against the
 * names of its room. NULL when there were problems. */
MUST_CHECK struct schedule *schedule_load(const char *path, const char *templates_dir, const GArray *days_off,
                                          struct problems *problems);
void schedule_free(struct schedule *schedule);

const char *schedule_track(const struct schedule *schedule, const struct step *step);

/* The ladder for a variant (a facility type, a payer's id); the default ladder when it has no override. */
const GPtrArray *schedule_ladder(const struct schedule *schedule, const char *variant);
const struct step *schedule_step(const struct schedule *schedule, const char *variant, const char *id);
