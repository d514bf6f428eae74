/* The demo agency's therapists with their licenses and continuing education: what is due, and when, is set here. */
#include <string.h>

#include "demo.h"

enum standing { CE_AT_PACE, CE_DONE, CE_LACKS_HOURS, CE_LACKS_CATEGORY };

struct fate {
    day expires;
    const char *status;
    day status_on;
    enum standing ce;
};

/* One license as it goes into the file. */
struct paper {
    const char *id, *state, *type, *depends_on;
    int cycle; /* years */
};

static day month_end(day d)
{
    int year, month, dom;
    day_to_ymd(d, &year, &month, &dom);
    return (month == 12 ? day_from_ymd(year + 1, 1, 1) : day_from_ymd(year, month + 1, 1)) - 1;
}

static void add_license(struct demo *demo, const struct demo_therapist *who, const struct paper *paper,
                        const struct fate *fate)
{
    day issued = fate->expires - paper->cycle * 365 * between(demo, 1, 5) - between(demo, 0, 20);
    g_autofree char *row = g_strdup_printf("%s,%s,%s,%s,%05d,%s", paper->id, who->id, paper->state, paper->type,
                                           between(demo, 10000, 99999), date_text(MIN(issued, demo->today - 400)));
    const char *depends_on = paper->depends_on ? paper->depends_on : "";
    add_row(demo, LICENSES, "%s,%s,%s,%s,%s", row, date_text(fate->expires), fate->status, date_text(fate->status_on),
            depends_on);
    if (who->number % 100 == 3 && strcmp(paper->id, who->license) == 0) /* just in time */
        add_later(demo, LICENSES, "%s,%s,renewed,%s,", row, date_text(fate->expires + paper->cycle * 365),
                  date_text(demo->today));
}

/* --- continuing education, in quarters of an hour */

static void add_courses(struct demo *demo, const char *license, day from, day until, int quarters, const char *category,
                        const char *title)
{
    static const int lengths[] = {4, 6, 8, 12, 12, 16, 24};
    static const char *const fractions[] = {"", ".25", ".5", ".75"};
    while (quarters > 0 && from < until) {
        int length = smaller(PICK(demo, lengths), quarters);
        add_row(demo, CE_RECORDS, "CE-%06d,%s,%s,%d%s,%s,%s", demo->rows[CE_RECORDS] + 1, license,
                date_text(between(demo, from + 1, until)), length / 4, fractions[length % 4], category, title);
        quarters -= length;
    }
}

static void add_ce(struct demo *demo, const char *license, const struct state_facts *state, int cycle, int hours,
                   const struct fate *fate)
{
    day begun = fate->expires - cycle * 365, until = MIN(demo->today, fate->expires);
    int need = hours * 4, share = 100, least = state->category_hours * 4;
    /* Whoever is not near the end has done about what the time asks. */
    if (fate->ce == CE_AT_PACE)
        share = CLAMP((until - begun) * 110 / (cycle * 365), 0, 100);
    if (fate->ce == CE_LACKS_HOURS)
        share = between(demo, 55, 80);
    if (fate->ce == CE_LACKS_CATEGORY)
        least /= 2;
    int others = fate->ce == CE_LACKS_CATEGORY ? 0 : 24, left = need * share / 100;
    add_courses(demo, license, begun, until, MIN(least, left), state->category, "Ethics and law of the state");
    left -= MIN(least, left);
    if (g_strcmp0(state->category, "ethics") != 0) {
        add_courses(demo, license, begun, until, MIN(others, left), "ethics", "Professional ethics");
        left -= MIN(others, left);
    }
    add_courses(demo, license, begun, until, MIN(24, left), "diversity", "Culture and diversity in practice");
    left -= MIN(24, left);
    add_courses(demo, license, begun, until, MIN(8, left), "child_abuse", "Recognizing child abuse");
    left -= MIN(8, left);
    add_courses(demo, license, begun, until, left, "clinical", "Clinical skills");
    if (fate->ce == CE_LACKS_HOURS || fate->ce == CE_LACKS_CATEGORY)
        plant(demo, CE_SHORT);
}

/* --- what becomes of a home license: fixed places of trouble, the rest is far from its end */

static struct fate healthy(struct demo *demo, int cycle)
{
    return (struct fate){.expires = month_end(demo->today + between(demo, 130, MAX(cycle * 365 - 20, 300))),
                         .status = "active",
                         .status_on = DAY_NONE};
}

static struct fate near_its_end(struct demo *demo, int least, int most, enum standing ce)
{
    plant(demo, DUE_SOON);
    return (struct fate){demo->today + between(demo, least, most), "active", DAY_NONE, ce};
}

static struct fate home_fate(struct demo *demo, int number, int cycle)
{
    switch (number % 100) {
    case 37:
        plant(demo, FILED);
        return (struct fate){demo->today + between(demo, -5, 25), "renewal_submitted",
                             demo->today - between(demo, 15, 50), CE_DONE};
    case 41:
        plant(demo, EXPIRED_AT_WORK);
        return (struct fate){demo->today - between(demo, 3, 15), "active", DAY_NONE, CE_DONE};
    case 87:
        plant(demo, NO_NEW_EXPIRY);
        return (struct fate){demo->today + between(demo, -8, 8), "renewed", demo->today - between(demo, 10, 30),
                             CE_DONE};
    case 91: {
        plant(demo, LAPSED);
        day ended = demo->today - between(demo, 60, 200);
        return (struct fate){ended, "lapsed", ended, CE_LACKS_HOURS};
    }
    }
    switch (number % 50) {
    case 3:
        return near_its_end(demo, 5, 14, CE_DONE);
    case 11:
        return near_its_end(demo, 15, 30, CE_DONE);
    case 17:
        return near_its_end(demo, 31, 60, CE_LACKS_HOURS);
    case 23:
        return near_its_end(demo, 61, 90, CE_LACKS_CATEGORY);
    case 29:
        return near_its_end(demo, 91, 119, CE_LACKS_HOURS);
    }
    return healthy(demo, cycle);
}

static const char *title_of(const struct state_facts *state, int profession)
{
    const char *const titles[] = {state->social_worker, state->counselor, state->family, "psychologist", "APRN"};
    return titles[profession];
}

/* The same profession in other states, each on its own clock. */
static void add_more_states(struct demo *demo, const struct demo_therapist *who, int profession,
                            const struct fate *home)
{
    int more = who->number % 3;
    for (int n = 1; n <= more; n++) {
        const struct state_facts *state = &states[(who->state + n * 4) % STATES];
        g_autofree char *id = g_strdup_printf("%s-%s", who->license, state->state);
        struct fate fate = healthy(demo, state->cycle);
        if (n == 1 && who->number % 50 == 11) {
            plant(demo, DUE_TOGETHER);
            fate = (struct fate){home->expires + 2, "active", DAY_NONE, CE_DONE};
        }
        if (n == 2 && who->number % 10 == 2)
            fate = (struct fate){fate.expires, "surrendered", demo->today - between(demo, 100, 300), CE_AT_PACE};
        add_license(demo, who, &(struct paper){id, state->state, title_of(state, profession), NULL, state->cycle},
                    &fate);
        if (profession != 4)
            add_ce(demo, id, state, state->cycle, state->ce_hours, &fate);
    }
}

/* Compact privileges, PSYPACT, the ANCC certificate: each falls with the home license. */
static void add_dependents(struct demo *demo, const struct demo_therapist *who, int profession, const struct fate *home)
{
    static const int compact[] = {6, 11, 12}; /* OH, AZ, GA: in the Counseling Compact */
    const char *state = states[who->state].state;
    g_autofree char *id = NULL;
    if (profession == 1 &&
        (g_strcmp0(state, "OH") == 0 || g_strcmp0(state, "AZ") == 0 || g_strcmp0(state, "GA") == 0)) {
        for (gsize i = 0; i < G_N_ELEMENTS(compact); i++) {
            if (compact[i] == who->state)
                continue;
            g_autofree char *privilege = g_strdup_printf("%s-P%s", who->license, states[compact[i]].state);
            struct fate fate = healthy(demo, 2);
            fate.expires = MAX(home->expires, demo->today + 180);
            add_license(demo, who,
                        &(struct paper){privilege, states[compact[i]].state, "compact_privilege", who->license, 2},
                        &fate);
        }
    }
    struct fate fate = healthy(demo, profession == 4 ? 5 : 1);
    if (profession == 3 && who->number % 2) {
        id = g_strdup_printf("%s-PSY", who->license);
        add_license(demo, who, &(struct paper){id, "US", "PSYPACT", who->license, 1}, &fate);
        add_courses(demo, id, fate.expires - 365, demo->today, 12, "technology", "Telepsychology technology");
    }
    if (profession == 4) {
        id = g_strdup_printf("%s-BC", who->license);
        add_license(demo, who, &(struct paper){id, "US", "PMHNP_BC", who->license, 5}, &fate);
        add_courses(demo, id, fate.expires - 5 * 365, demo->today, 100, "pharmacotherapeutics", "Pharmacotherapeutics");
        add_courses(demo, id, fate.expires - 5 * 365, demo->today, 200, "clinical", "Psychiatric nursing");
    }
}

static void add_person(struct demo *demo, const struct demo_therapist *who)
{
    int number = who->number;
    const char *first = demo_first_name(demo), *last = demo_last_name(demo);
    g_autofree char *mail =
        number % 60 == 53 ? g_strdup("") : g_strdup_printf("%s.%s.%d@mail.example", first, last, number);
    g_autofree char *low = g_ascii_strdown(mail, -1);
    day attested = demo->today - between(demo, 5, 80), insured = demo->today + between(demo, 90, 360);
    if (number % 50 == 13) {
        plant(demo, CAQH_OVERDUE);
        attested = demo->today - between(demo, 112, 126);
    }
    if (number % 75 == 31) {
        plant(demo, INSURANCE_ENDS);
        insured = demo->today + between(demo, 5, 25);
    }
    if (!*low)
        plant(demo, NO_THERAPIST_MAIL);
    add_row(demo, THERAPISTS, "%s,%s %s,%s,555-%04d,%s,R-%d,%s,%s", who->id, first, last, low, 1000 + number % 9000,
            states[who->state].zone, 1 + number % 3, date_text(attested), date_text(insured));
    if (number % 150 == 71)
        add_row(demo, HOLDS, "D-%03d,therapist,%s,do_not_contact,%s,%s,,on parental leave,R-1", demo->rows[HOLDS] + 1,
                who->id, date_text(demo->today - 20), date_text(demo->today + 60));
}

void demo_therapist(struct demo *demo, int number)
{
    int home = between(demo, 1, demo->facility_count), profession = number % 5;
    g_autofree char *id = g_strdup_printf("T-%04d", number), *license = g_strdup_printf("L-%04d", number);
    struct demo_therapist who = {.number = number,
                                 .state = demo->facilities[home - 1].state,
                                 .home_facility = home,
                                 .id = id,
                                 .license = license,
                                 .works_until = DAY_NONE};
    const struct state_facts *state = &states[who.state];
    add_person(demo, &who);
    struct fate fate = home_fate(demo, number, state->cycle);
    add_license(demo, &who, &(struct paper){license, state->state, title_of(state, profession), NULL, state->cycle},
                &fate);
    if (profession != 4)
        add_ce(demo, license, state, state->cycle, profession == 3 ? MAX(40, state->ce_hours) : state->ce_hours, &fate);
    add_dependents(demo, &who, profession, &fate);
    add_more_states(demo, &who, profession, &fate);
    if (g_strcmp0(fate.status, "lapsed") == 0)
        who.works_until = fate.expires - 5;
    demo_placements(demo, &who);
    demo_more_panels(demo, &who);
    g_free(who.payers);
}
