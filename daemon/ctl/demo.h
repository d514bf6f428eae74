/*
 * demo.h: what the parts of `tickler demo` share: the agency under way, dice, and the lines of its files.
 * Everything follows from the seed and the day, so the same words give the same files.
 */
#pragma once

#include <glib.h>

#include "attr.h"
#include "day.h"

#define DEMO_DAYS 540 /* of history: 18 months */

/* The trouble that is planted: one line of the summary each (demo.c). */
enum trouble {
    EXPIRED_AT_WORK,
    LAPSED,
    DUE_SOON,
    DUE_TOGETHER,
    CE_SHORT,
    FILED,
    NO_NEW_EXPIRY,
    CAQH_OVERDUE,
    INSURANCE_ENDS,
    NO_THERAPIST_MAIL,
    NO_CONTACT,
    BILLED_BY_PARENT,
    LOW_SCORE,
    SAFETY_WORD,
    DISAGREEMENT,
    SILENCE,
    OLD_APPLICATION,
    INFO_REQUESTED,
    DENIED,
    PANEL_GAP,
    REVALIDATION,
    START_AT_RISK,
    STARTED_INCOMPLETE,
    OFFER_JUST_SIGNED,
    DISPUTE,
    BROKEN_PROMISE,
    BOUNCED_PAYMENT,
    UNALLOCATED,
    TROUBLES
};

enum demo_file {
    STAFF,
    FACILITIES,
    CONTACTS,
    THERAPISTS,
    LICENSES,
    CE_RECORDS,
    PAYERS,
    PLACEMENTS,
    PANEL_APPLICATIONS,
    PACKET_ITEMS,
    INVOICES,
    PAYMENTS,
    RESPONSES,
    HOLDS,
    DEMO_FILES
};

struct state_facts {
    const char *state, *zone;
    const char *counselor, *social_worker, *family; /* their titles in that state */
    int cycle, ce_hours;                            /* years; hours in a cycle, roughly */
    const char *category;                           /* ethics, by its local name */
    int category_hours;
};
enum { STATES = 13 };
extern const struct state_facts states[STATES];

struct demo_facility {
    int kind; /* 0..6: facility_types */
    int state;
};

struct demo_payer {
    gboolean by_mail;
    int usual_days; /* from submission to decision */
};

struct demo {
    GRand *rand;
    day today;
    const char *folder;
    int therapists;
    GString *files[DEMO_FILES];
    GString *later[DEMO_FILES]; /* what comes in after the first day's work; NULL: nothing of that kind */
    int rows[DEMO_FILES];
    int planted[TROUBLES];
    struct demo_facility *facilities; /* number - 1 */
    int facility_count;
    struct demo_payer *payers;
    int payer_count;
    int recent_answers, recent_stages; /* check-ins of the last month, counted: each so-manieth is trouble */
};

struct demo_therapist {
    int number, state, home_facility;
    const char *id;      /* "T-0007" */
    const char *license; /* that of the home state */
    day works_until;     /* the day on which the lapsed leave their placements, else DAY_NONE */
    char *payers;        /* whom this therapist's placements bill, "Y-03;Y-10"; NULL: not paneled yet */
};

/* --- dice (demo.c) */
int between(struct demo *demo, int least, int most); /* both may come */
/* MIN would throw the dice twice. */
int smaller(int one, int other);
gboolean chance(struct demo *demo, int percent);
#define PICK(demo, words) ((words)[between(demo, 0, (int)G_N_ELEMENTS(words) - 1)])

/* Adds a line to a file; DATE_TEXT is a date as text for it, empty for DAY_NONE (lives until the next 16). */
void add_row(struct demo *demo, enum demo_file file, const char *format, ...) PRINTF_LIKE(3, 4);
/* The row with the same id as it reads in FOLDER/later. */
void add_later(struct demo *demo, enum demo_file file, const char *format, ...) PRINTF_LIKE(3, 4);
const char *date_text(day d);
/* One more of that trouble is in. */
void plant(struct demo *demo, enum trouble trouble);

/* --- the parts, in the order in which they are made */
void demo_office(struct demo *demo);                /* staff, facilities, contacts, payers */
void demo_money(struct demo *demo);                 /* invoices, payments, holds */
const char *demo_first_name(struct demo *demo);     /* demo_office.c */
const char *demo_last_name(struct demo *demo);      /* demo_office.c */
void demo_therapist(struct demo *demo, int number); /* with licenses, CE and all below */
void demo_placements(struct demo *demo, struct demo_therapist *who);
/* What is in of a packet: all but the last `open` of its items that only a person can bring. */
void demo_packet(struct demo *demo, const char *placement, int kind, day signed_on, day start, int open);
void demo_answers(struct demo *demo, const char *placement, day start, day end);
/* Panels on which the placement of that start rests; fills who->payers. */
void demo_panels(struct demo *demo, struct demo_therapist *who, day start);
void demo_more_panels(struct demo *demo, const struct demo_therapist *who); /* pending, denied, withdrawn, drafts */
/* Small PDF files in FOLDER/documents, for `tickler document add`. */
MUST_CHECK gboolean demo_documents(const struct demo *demo);
