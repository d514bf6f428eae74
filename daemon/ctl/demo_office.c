/* The demo agency's staff, the facilities with their contacts, and the payers. */
#include <string.h>

#include "demo.h"
#include "rules.h"

const struct state_facts states[STATES] = {
    {"TX", "America/Chicago", "LPC", "LCSW", "LMFT", 2, 30, "ethics", 6},
    {"NY", "America/New_York", "LMHC", "LCSW", "LMFT", 3, 36, "boundaries", 3},
    {"CA", "America/Los_Angeles", "LPCC", "LCSW", "LMFT", 2, 36, "law_and_ethics", 6},
    {"FL", "America/New_York", "LMHC", "LCSW", "LMFT", 2, 30, "medical_errors", 2},
    {"PA", "America/New_York", "LPC", "LCSW", "LMFT", 2, 30, "ethics", 3},
    {"IL", "America/Chicago", "LCPC", "LCSW", "LMFT", 2, 30, "ethics", 3},
    {"OH", "America/New_York", "LPCC", "LISW", "IMFT", 2, 30, "ethics", 3},
    {"VA", "America/New_York", "LPC", "LCSW", "LMFT", 1, 20, "ethics", 2},
    {"NC", "America/New_York", "LCMHC", "LCSW", "LMFT", 2, 40, "ethics", 4},
    {"NJ", "America/New_York", "LPC", "LCSW", "LMFT", 2, 40, "ethics", 5},
    {"MA", "America/New_York", "LMHC", "LICSW", "LMFT", 2, 30, "ethics", 3},
    {"AZ", "America/Phoenix", "LPC", "LCSW", "LMFT", 2, 30, "ethics", 3},
    {"GA", "America/New_York", "LPC", "LCSW", "LMFT", 2, 35, "ethics", 5},
};
static const int state_of_facility[] = {0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12, 2, 1};

static const char *const kind_words[] = {"Community Care",  "Hospital",        "Day Program",
                                         "Recovery Center", "School District", "Correctional Health",
                                         "Online Therapy"};
static const char *const places[] = {"Cedar",      "Willow Creek", "Maple Grove", "Riverside",  "Lakeview",
                                     "Prairie",    "Juniper",      "Harbor",      "Summit",     "Meadow",
                                     "Birch Hill", "Stonegate",    "Sunrise",     "Pine Ridge", "Clearwater",
                                     "Fairview",   "Oak Park",     "Granite",     "Blue Mesa",  "Elmwood"};
static const char *const first_names[] = {"Alice", "Ben",   "Carla", "Dmitri", "Elena", "Farid",   "Grace",  "Hugo",
                                          "Ines",  "Jonah", "Kira",  "Luis",   "Mona",  "Nils",    "Olga",   "Pedro",
                                          "Quinn", "Rosa",  "Samir", "Tanya",  "Uma",   "Viktor",  "Wendy",  "Ximena",
                                          "Yusuf", "Zoe",   "Amara", "Brett",  "Chloe", "Darnell", "Esther", "Felix"};
static const char *const last_names[] = {"Abbott", "Boyd",   "Castro", "Duran", "Ellis", "Fox",   "Garza", "Hale",
                                         "Ito",    "Jain",   "Kemp",   "Lund",  "Moss",  "Novak", "Ortiz", "Pratt",
                                         "Quill",  "Rivera", "Shah",   "Tran",  "Ueda",  "Vance", "Walsh", "Xu",
                                         "Young",  "Zeller", "Adams",  "Brook", "Chen",  "Diaz",  "Evans", "Frost",
                                         "Green",  "Hughes", "Ivers",  "Jones", "Kim",   "Lopez", "Meyer", "Nolan"};
static const char *const payer_names[] = {"Blue Harbor", "Northstar", "Evergreen", "Unity",     "Lone Star",
                                          "Keystone",    "Pacific",   "Summit",    "Heartland", "Liberty"};
static const char *const payer_kinds[] = {"Health Plan", "Behavioral Health", "Medicaid Managed Care", "Benefits"};

const char *demo_first_name(struct demo *demo)
{
    return PICK(demo, first_names);
}

const char *demo_last_name(struct demo *demo)
{
    return PICK(demo, last_names);
}

/* Four assistants by skill and zone, their lead, recruiters, account managers, leadership. */
static void add_staff(struct demo *demo)
{
    static const char *const people[] = {
        "VA-1,Vera Ames,vera@agency.example,va,America/Chicago,,,",
        "VA-2,Tom Reyes,tom@agency.example,va,America/New_York,invoice_escalation;check_in,,",
        "VA-3,Joy Santos,joy@agency.example,va,America/Los_Angeles,license_renewal;onboarding_packet,,",
        "VA-4,Leo Park,leo@agency.example,va,America/Denver,payer_followup,,",
        "VL-1,Nadia Cole,nadia@agency.example,va_lead,America/Chicago,,,",
        "R-1,Rita Moss,rita@agency.example,recruiter,America/Chicago,,,",
        "R-2,Owen Blake,owen@agency.example,recruiter,America/New_York,,,",
        "R-3,Sara Lind,sara@agency.example,recruiter,America/Los_Angeles,,,",
        "AM-1,Ana Ruiz,ana@agency.example,account_manager,America/Chicago,,,",
        "AM-2,Paul Stone,paul@agency.example,account_manager,America/Denver,,,",
        "L-1,Lea Dorn,lea@agency.example,leadership,America/Chicago,,,"};
    for (gsize i = 0; i < G_N_ELEMENTS(people); i++)
        add_row(demo, STAFF, "%s", people[i]);
    /* Somebody is always on vacation. */
    add_row(demo, STAFF, "VA-5,Mia Grant,mia@agency.example,va,America/Chicago,,%s,%s", date_text(demo->today - 3),
            date_text(demo->today + 4));
}

static void add_contact(struct demo *demo, int number, const char *role, gboolean address)
{
    const char *first = demo_first_name(demo), *last = demo_last_name(demo);
    g_autofree char *low = g_ascii_strdown(last, -1),
                    *mail = address ? g_strdup_printf("%s.%s@f-%02d.example", low, role, number) : g_strdup("");
    add_row(demo, CONTACTS, "C-%03d-%s,F-%02d,%s %s,%s,555-%04d,%s", number, role, number, first, last, mail,
            100 + number % 9900, role);
}

static void add_contacts(struct demo *demo, int number, gboolean billed_by_parent)
{
    gboolean nobody_to_bill = number % 40 == 33, nobody_at_all = number % 60 == 47;
    add_contact(demo, number, "billing", !billed_by_parent && !nobody_to_bill && !nobody_at_all);
    gboolean director = number % 9 != 4;
    if (director && !nobody_at_all)
        add_contact(demo, number, "clinical_director", TRUE);
    if (number % 3 == 0 || !director)
        add_contact(demo, number, "hr", !nobody_at_all);
    if (number % 4 == 0)
        add_contact(demo, number, "compliance", number % 8 == 0);
    if (nobody_to_bill || nobody_at_all || !director)
        plant(demo, NO_CONTACT);
}

static void add_facility(struct demo *demo, int number)
{
    struct demo_facility *facility = &demo->facilities[number - 1];
    facility->kind = number % 7;
    facility->state = state_of_facility[(number - 1) % (int)G_N_ELEMENTS(state_of_facility)];
    const struct state_facts *state = &states[facility->state];
    /* Two of sixty are billed through a third. */
    int parent = number % 60 == 21 || number % 60 == 22 ? number - number % 60 + 20 : 0;
    g_autofree char *parent_id = parent ? g_strdup_printf("F-%02d", parent) : g_strdup("");
    add_row(demo, FACILITIES, "F-%02d,%s %s,%s,%s,%d,AM-%d,%s,%s", number, places[(number * 7) % 20],
            kind_words[facility->kind], facility_types[facility->kind], state->zone, facility->kind == 0 ? 45 : 30,
            1 + number % 2, parent_id, facility->kind == 6 ? "" : state->state);
    if (parent)
        plant(demo, BILLED_BY_PARENT);
    add_contacts(demo, number, parent != 0);
}

static void add_payer(struct demo *demo, int number)
{
    struct demo_payer *payer = &demo->payers[number - 1];
    *payer = (struct demo_payer){.by_mail = number % 4 == 1, .usual_days = between(demo, 60, 140)};
    g_autofree char *mail = payer->by_mail ? g_strdup_printf("enrollment@payer-%02d.example", number) : g_strdup("");
    g_autofree char *portal =
        number % 10 != 7 ? g_strdup_printf("https://portal.payer-%02d.example/providers", number) : g_strdup("");
    add_row(demo, PAYERS, "Y-%02d,%s %s,%s,555-%04d,%s", number, payer_names[number % 10], payer_kinds[number / 10 % 4],
            mail, 4000 + number % 5000, portal);
}

void demo_office(struct demo *demo)
{
    add_staff(demo);
    demo->facility_count = MAX(demo->therapists / 5, 1);
    demo->facilities = g_new0(struct demo_facility, (gsize)demo->facility_count);
    for (int number = 1; number <= demo->facility_count; number++)
        add_facility(demo, number);
    demo->payer_count = CLAMP(demo->therapists * 2 / 15, 3, 1000);
    demo->payers = g_new0(struct demo_payer, (gsize)demo->payer_count);
    for (int number = 1; number <= demo->payer_count; number++)
        add_payer(demo, number);
}
