/* The demo agency's placements: each therapist's one after the other over 18 months, the offers at every stage, the
 * packets of those that begin or have just begun, and what was answered to the check-ins. */
#include <string.h>

#include "demo.h"

#define OFFER_STAGES 6

static const char *const core_items[] = {"placement_agreement",
                                         "start_confirmed_therapist",
                                         "start_confirmed_facility",
                                         "photo_id",
                                         "license_verification",
                                         "npi",
                                         "cv",
                                         "diploma",
                                         "oig_sam",
                                         "w9_i9_deposit",
                                         "time_recording",
                                         "orientation",
                                         "hipaa_training",
                                         "immunizations_tb",
                                         "references",
                                         "malpractice_coi",
                                         "drug_screen",
                                         "background_check",
                                         NULL};
static const char *const cmhc_items[] = {"medicaid_enrollment", "ehr_access", "crisis_protocol", NULL};
static const char *const inpatient_items[] = {"restraint_training", "cpr_first_aid", "deescalation",
                                              "privileging",        "badge",         NULL};
static const char *const program_items[] = {"program_schedule", "group_curriculum", "paneling_proof",
                                            "productivity_rules", NULL};
static const char *const school_items[] = {"child_abuse_clearance",
                                           "state_police_clearance",
                                           "fbi_clearance",
                                           "mandated_reporter",
                                           "district_policy",
                                           "school_calendar",
                                           NULL};
static const char *const prison_items[] = {"criminal_record_check", "prea_training",    "prea_mental_health",
                                           "security_clearance",    "contraband_rules", NULL};
static const char *const online_items[] = {"client_state_license", "login",
                                           "client_assignment",    "billing_profile",
                                           "platform_test",        "emergency_contacts",
                                           "private_room",         NULL};
static const char *const *const more_items[] = {cmhc_items,   inpatient_items, program_items, program_items,
                                                school_items, prison_items,    online_items};

static void add_items(struct demo *demo, const char *placement, const char *const *items, day signed_on, day start,
                      int open)
{
    int count = (int)g_strv_length((char **)items);
    day until = MIN(demo->today, start - 1);
    for (int i = 0; i < count; i++) {
        gboolean is_in = i < count - open;
        day on = MAX(signed_on, MIN(until, signed_on + 2 + i % 9));
        add_row(demo, PACKET_ITEMS, "%s,%s,%s,%s,", placement, items[i],
                !is_in                           ? "sent"
                : strstr(items[i], "confirmed_") ? "confirmed"
                                                 : "received",
                date_text(is_in ? on : signed_on));
    }
}

void demo_packet(struct demo *demo, const char *placement, int kind, day signed_on, day start, int open)
{
    add_items(demo, placement, more_items[kind], signed_on, start, open > 6 ? 3 : 0);
    add_items(demo, placement, core_items, signed_on, start, open);
}

/* --- answers to the check-ins */

static void answer(struct demo *demo, const char *placement, const char *by, day on, int score, const char *words)
{
    static const char *const usual[] = {"all is well", "\"good team, caseload is fine\"", "timesheets are right", ""};
    add_row(demo, RESPONSES, "Q-%06d,placement,%s,%s,%s,%d,%s", demo->rows[RESPONSES] + 1, placement, by, date_text(on),
            score, words ? words : PICK(demo, usual));
}

static void answer_lately(struct demo *demo, const char *placement, day on)
{
    int turn = demo->recent_answers++ % 24;
    int therapist = between(demo, 7, 10), facility = smaller(therapist + between(demo, 0, 1), 10);
    const char *words = NULL;
    if (turn == 3 || turn == 17) {
        plant(demo, LOW_SCORE);
        therapist = between(demo, 5, 6);
        facility = 7;
        words = "\"the caseload is twice what was described, and nobody to ask\"";
    } else if (turn == 7) {
        plant(demo, SAFETY_WORD);
        words = "\"the evening shift feels unsafe, the panic button is broken\"";
    } else if (turn == 11) {
        plant(demo, DISAGREEMENT);
        therapist = 10;
        facility = 7;
    }
    answer(demo, placement, "therapist", on, therapist, words);
    answer(demo, placement, "facility", smaller(on + between(demo, 0, 2), demo->today), facility, NULL);
}

static void answer_stage(struct demo *demo, const char *placement, day asked)
{
    day on = asked + between(demo, 0, 3);
    if (on > demo->today || asked > demo->today)
        return;
    if (asked < demo->today - 40) { /* long ago: whatever it was, somebody has dealt with it */
        answer(demo, placement, "therapist", on, between(demo, 6, 10), NULL);
        answer(demo, placement, "facility", smaller(on + between(demo, 0, 3), demo->today - 20), between(demo, 6, 10),
               NULL);
    } else if (demo->recent_stages++ % 5 == 3) {
        plant(demo, SILENCE);
        if (chance(demo, 50))
            answer(demo, placement, "facility", on, between(demo, 7, 10), NULL);
    } else {
        answer_lately(demo, placement, on);
    }
}

void demo_answers(struct demo *demo, const char *placement, day start, day end)
{
    for (int stage = 30; stage <= 60; stage += 30)
        if (start + stage <= demo->today && (end == DAY_NONE || end > start + stage + 7))
            answer_stage(demo, placement, start + stage);
}

/* --- placements */

static int choose_facility(struct demo *demo, const struct demo_therapist *who)
{
    for (int tries = 0; tries < 40; tries++) {
        int number = between(demo, 1, demo->facility_count);
        const struct demo_facility *facility = &demo->facilities[number - 1];
        if (facility->state == who->state || facility->kind == 6)
            return number;
    }
    return who->home_facility;
}

/* What a placement's row says. */
struct terms {
    int facility;
    day signed_on, start, end;
    const char *status;
};

static gboolean is_insured(const struct demo *demo, const struct demo_therapist *who, int facility)
{
    int kind = demo->facilities[facility - 1].kind;
    return (kind == 0 || kind == 2 || kind == 3 || kind == 6) && who->number % 3 != 2;
}

static char *placement_row(const struct demo *demo, const struct demo_therapist *who, const char *id,
                           const struct terms *terms, const char *more_payers)
{
    const struct demo_facility *facility = &demo->facilities[terms->facility - 1];
    gboolean insured = is_insured(demo, who, terms->facility);
    gboolean on_license = facility->state == who->state && facility->kind != 6 && who->number % 2;
    return g_strdup_printf("%s,%s,F-%02d,%s,%s,%s,%s,%s,%s,%s%s", id, who->id, terms->facility,
                           on_license ? who->license : "", date_text(terms->signed_on), date_text(terms->start),
                           date_text(terms->end), terms->status, insured ? "true" : "false",
                           insured && who->payers ? who->payers : "", more_payers);
}

static char *add_placement(struct demo *demo, struct demo_therapist *who, const struct terms *terms)
{
    gboolean live = strcmp(terms->status, "active") == 0, insured = is_insured(demo, who, terms->facility);
    if (insured && (live || strcmp(terms->status, "ended") == 0))
        demo_panels(demo, who, terms->start);
    g_autofree char *extra = g_strdup("");
    if (insured && live && who->number % 24 == 4) {
        plant(demo, PANEL_GAP);
        g_free(extra);
        extra = g_strdup_printf(";Y-%02d", 1 + (who->number * 7 + 2) % demo->payer_count);
    }
    char *id = g_strdup_printf("PL-%05d", demo->rows[PLACEMENTS] + 1);
    g_autofree char *row = placement_row(demo, who, id, terms, extra);
    add_row(demo, PLACEMENTS, "%s", row);
    return id;
}

static void add_offer(struct demo *demo, struct demo_therapist *who)
{
    static const struct {
        int signed_ago, least, most, open;
        const char *status;
    } stages[OFFER_STAGES] = {{1, 25, 45, -1, "offer"}, {6, 18, 30, 9, "offer"}, {14, 9, 13, 2, "offer"},
                              {9, 9, 13, 4, "offer"},   {20, 3, 6, 1, "offer"},  {12, 10, 30, 8, "canceled"}};
    int stage = who->number / 25 % OFFER_STAGES;
    struct terms terms = {choose_facility(demo, who), demo->today - stages[stage].signed_ago,
                          demo->today + between(demo, stages[stage].least, stages[stage].most), DAY_NONE,
                          stages[stage].status};
    g_autofree char *id = add_placement(demo, who, &terms);
    if (stage == 0)
        plant(demo, OFFER_JUST_SIGNED);
    else
        demo_packet(demo, id, demo->facilities[terms.facility - 1].kind, terms.signed_on, terms.start,
                    stages[stage].open);
    if (stage == 3)
        plant(demo, START_AT_RISK);
    if (stage == 1)
        terms.start += 14;
    if (stage == 4)
        terms.status = "canceled";
    g_autofree char *later = placement_row(demo, who, id, &terms, "");
    if (stage == 1 || stage == 4)
        add_later(demo, PLACEMENTS, "%s", later);
}

/* Answers the day from which the therapist is free again, or DAY_NONE for one who works. */
static day live_through(struct demo *demo, struct demo_therapist *who, day start, gboolean must_work, gboolean must_end)
{
    int number = choose_facility(demo, who);
    day last = who->works_until == DAY_NONE ? demo->today + 400 : who->works_until;
    day end = smaller(start + between(demo, 90, 360), last);
    if (must_end && end > demo->today)
        end = demo->today - between(demo, 8, 30);
    if (must_work && end < demo->today && start > demo->today - 200)
        end = demo->today + between(demo, 60, 200);
    if (end <= start)
        return DAY_NONE;
    gboolean live = end > demo->today;
    day signed_on = start - between(demo, 18, 45), told_end = live && chance(demo, 40) ? DAY_NONE : end;
    g_autofree char *id =
        add_placement(demo, who, &(struct terms){number, signed_on, start, told_end, live ? "active" : "ended"});
    if (start > demo->today - 60) {
        gboolean incomplete = start > demo->today - 7 && who->number % 3 == 0;
        if (incomplete)
            plant(demo, STARTED_INCOMPLETE);
        demo_packet(demo, id, demo->facilities[number - 1].kind, signed_on, start, incomplete ? 1 : 0);
    }
    demo_answers(demo, id, start, told_end);
    return live ? DAY_NONE : end;
}

void demo_placements(struct demo *demo, struct demo_therapist *who)
{
    gboolean offered = who->number % 25 == 6, must_work = who->number % 100 == 41;
    day start = demo->today - DEMO_DAYS + between(demo, 0, 240);
    if (must_work)
        start = demo->today - between(demo, 100, 190);
    while (start < demo->today - 1) {
        day free_from = live_through(demo, who, start, must_work, offered);
        if (free_from == DAY_NONE)
            break;
        start = free_from + between(demo, 15, 120);
    }
    if (offered)
        add_offer(demo, who);
    if (who->number % 40 == 25) { /* an offer of the past that came to nothing */
        day signed_on = demo->today - between(demo, 60, 300);
        g_free(add_placement(demo, who,
                             &(struct terms){choose_facility(demo, who), signed_on, signed_on + 30, DAY_NONE,
                                             "canceled"}));
    }
}
