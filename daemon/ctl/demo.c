/* tickler demo: the CSV files of a made-up agency, the same for the same seed, with planted trouble of every sort. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands_all.h"

#define FACILITIES 60
#define MONTHS     18

struct demo {
    GRand *rand;
    day today;
    char *folder;
    GString *facilities, *contacts, *invoices, *payments, *holds;
    int invoice, payment, hold;
};

static const char *const types[] = {"cmhc",   "inpatient_psychiatric", "php",       "iop",
                                    "school", "correctional",          "telehealth"};
static const char *const kinds[] = {"Community Care",  "Hospital",        "Day Program",
                                    "Recovery Center", "School District", "Correctional Health",
                                    "Online Therapy"};
static const char *const places[] = {"Cedar",      "Willow Creek", "Maple Grove", "Riverside",  "Lakeview",
                                     "Prairie",    "Juniper",      "Harbor",      "Summit",     "Meadow",
                                     "Birch Hill", "Stonegate",    "Sunrise",     "Pine Ridge", "Clearwater",
                                     "Fairview",   "Oak Park",     "Granite",     "Blue Mesa",  "Elmwood"};
static const char *const first_names[] = {"Alice", "Ben",   "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hugo",
                                          "Ines",  "Jonah", "Kira",  "Luis",   "Mona",  "Nils",  "Olga",  "Pedro"};
static const char *const last_names[] = {"Abbott", "Boyd", "Castro", "Duran", "Ellis", "Fox",   "Garza", "Hale",
                                         "Ito",    "Jain", "Kemp",   "Lund",  "Moss",  "Novak", "Ortiz", "Pratt"};
static const char *const zones[] = {"America/Chicago", "America/New_York", "America/Denver", "America/Los_Angeles"};

static const char *pick(struct demo *demo, const char *const *words, int n)
{
    return words[g_rand_int_range(demo->rand, 0, n)];
}

static gboolean chance(struct demo *demo, int percent)
{
    return g_rand_int_range(demo->rand, 0, 100) < percent;
}

static void add_line(GString *text, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_line(GString *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    g_string_append_c(text, '\n');
}

static void pay(struct demo *demo, const char *invoice, const char *facility, day on, gint64 cents, const char *kind)
{
    g_autofree char *date = day_format(on);
    if (on > demo->today || cents <= 0)
        return;
    add_line(demo->payments, "P-%05d,%s,%s,%s,%d.%02d,USD,%s", ++demo->payment, invoice, facility, date,
             (int)(cents / 100), (int)(cents % 100), kind);
}

static void place(struct demo *demo, const char *invoice, day from, day until, const char *kind, const char *reason)
{
    g_autofree char *from_text = day_format(from), *until_text = until == DAY_NONE ? g_strdup("") : day_format(until);
    if (from <= demo->today)
        add_line(demo->holds, "D-%03d,invoice,%s,%s,%s,%s,,%s,VA-1", ++demo->hold, invoice, kind, from_text, until_text,
                 reason);
}

/* One invoice's fate: most are paid around their facility's habit, some are trouble. */
static void live_through(struct demo *demo, const char *id, const char *facility, day due, gint64 cents, int habit)
{
    /* What is long past has been settled, nearly always. */
    int fate = due < demo->today - 120 && chance(demo, 94) ? 0 : g_rand_int_range(demo->rand, 0, 100);
    day paid = due + habit + g_rand_int_range(demo->rand, -6, 10);
    if (fate < 84) {
        pay(demo, id, facility, paid, cents, "payment");
    } else if (fate < 87) { /* part of it, and the rest never */
        pay(demo, id, facility, paid, cents / 2, "payment");
    } else if (fate < 89) {
        pay(demo, id, facility, paid, cents, "payment");
        pay(demo, id, facility, paid + 12, cents, "refund");
    } else if (fate < 90) {
        pay(demo, id, facility, paid, cents, "payment");
        pay(demo, id, facility, paid + 20, cents, "chargeback");
        if (chance(demo, 50))
            pay(demo, id, facility, paid + 35, cents, "reversal");
    } else if (fate < 92) {
        pay(demo, id, facility, paid, cents / 4, "credit_note");
        pay(demo, id, facility, paid + 5, cents - cents / 4, "payment");
    } else if (fate < 94) {
        place(demo, id, due + 9, DAY_NONE, "dispute", "they question the hours of one week");
    } else if (fate < 96) { /* a promise, kept or broken */
        place(demo, id, due + 21, due + 35, "promise_to_pay", "promised on the phone");
        if (chance(demo, 50))
            pay(demo, id, facility, due + 33, cents, "payment");
    } /* the rest is simply open */
}

static void bill_facility(struct demo *demo, const char *facility, const char *type, int terms)
{
    int habit = strcmp(type, "cmhc") == 0 ? 22 : g_rand_int_range(demo->rand, -8, 14);
    int per_month = g_rand_int_range(demo->rand, 1, 4);
    for (int month = MONTHS; month >= 0; month--)
        for (int n = 0; n < per_month; n++) {
            day issued = demo->today - month * 30 - g_rand_int_range(demo->rand, 0, 28), due = issued + terms;
            gint64 cents = g_rand_int_range(demo->rand, 40000, 960000);
            g_autofree char *id = g_strdup_printf("INV-%05d", ++demo->invoice);
            g_autofree char *issued_text = day_format(issued), *due_text = day_format(due);
            gboolean draft = month == 0 && chance(demo, 10), off = month > 8 && chance(demo, 2);
            g_autofree char *off_on = off ? day_format(due + 120) : g_strdup("");
            add_line(demo->invoices, "%s,%s,%s,%s,%d.%02d,USD,%s,%s", id, facility, issued_text, due_text,
                     (int)(cents / 100), (int)(cents % 100),
                     draft ? "draft"
                     : off ? "written_off"
                           : "sent",
                     off_on);
            if (!draft && !off)
                live_through(demo, id, facility, due, cents, habit);
        }
}

static void add_contact(struct demo *demo, int number, const char *facility, const char *role, gboolean address)
{
    const char *first = pick(demo, first_names, 16), *last = pick(demo, last_names, 16);
    g_autofree char *low = g_ascii_strdown(last, -1),
                    *mail = address ? g_strdup_printf("%s.%s@%s.example", low, role, facility) : g_strdup("");
    g_autofree char *lower = g_ascii_strdown(mail, -1);
    add_line(demo->contacts, "C-%03d-%s,%s,%s %s,%s,555-%04d,%s", number, role, facility, first, last, lower,
             100 + number, role);
}

static void add_facility(struct demo *demo, int number)
{
    int kind = number % (int)G_N_ELEMENTS(types), terms = kind == 0 ? 45 : 30;
    g_autofree char *id = g_strdup_printf("F-%02d", number);
    /* Two facilities are billed through a parent; two have nobody with an address. */
    const char *parent = number == 21 || number == 22 ? "F-20" : "";
    gboolean address = !*parent && number != 33 && number != 47;
    add_line(demo->facilities, "%s,%s %s,%s,%s,%d,AM-%d,%s", id, places[(number * 7) % 20], kinds[kind], types[kind],
             pick(demo, zones, 4), terms, 1 + number % 2, parent);
    add_contact(demo, number, id, "billing", address);
    if (chance(demo, 80))
        add_contact(demo, number, id, "clinical_director", TRUE);
    bill_facility(demo, id, types[kind], terms);
    if (number == 9 || number == 18) /* money that nobody has allocated */
        pay(demo, "", id, demo->today - 4, 125000, "payment");
}

static gboolean write_file(const struct demo *demo, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(demo->folder, name, NULL);
    g_autoptr(GError) error = NULL;
    if (g_file_set_contents(path, text, -1, &error))
        return TRUE;
    refuse("%s", error->message);
    return FALSE;
}

static gboolean write_all(const struct demo *demo)
{
    static const char people[] = "staff,name,email,role,timezone,skills\n"
                                 "VA-1,Vera Ames,vera@agency.example,va,America/Chicago,\n"
                                 "VA-2,Tom Reyes,tom@agency.example,va,America/New_York,invoice_escalation\n"
                                 "VL-1,Nadia Cole,nadia@agency.example,va_lead,America/Chicago,\n"
                                 "AM-1,Ana Ruiz,ana@agency.example,account_manager,America/Chicago,\n"
                                 "AM-2,Paul Stone,paul@agency.example,account_manager,America/Denver,\n"
                                 "L-1,Lea Dorn,lea@agency.example,leadership,America/Chicago,\n";
    static const char agency[] = "agency,name,timezone,reply_to,postal_address\n"
                                 "A-1,Elm Street Staffing,America/Chicago,billing@agency.example,"
                                 "\"1 Elm Street, Austin, TX 78701\"\n";
    return write_file(demo, "agencies.csv", agency) && write_file(demo, "staff.csv", people) &&
           write_file(demo, "facilities.csv", demo->facilities->str) &&
           write_file(demo, "contacts.csv", demo->contacts->str) &&
           write_file(demo, "invoices.csv", demo->invoices->str) &&
           write_file(demo, "payments.csv", demo->payments->str) && write_file(demo, "holds.csv", demo->holds->str);
}

int cmd_demo(struct office *office UNUSED, int argc, char **argv)
{
    int seed = 1, therapists = 300;
    char *out = NULL, *as_of = NULL;
    GOptionEntry entries[] = {{"seed", 0, 0, G_OPTION_ARG_INT, &seed, NULL, NULL},
                              {"therapists", 0, 0, G_OPTION_ARG_INT, &therapists, NULL, NULL},
                              {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, NULL, NULL},
                              {"as-of", 0, 0, G_OPTION_ARG_STRING, &as_of, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    if (!out || argc != 1)
        usage_error("demo needs --out FOLDER");
    if (therapists < 1 || therapists > 100000)
        usage_error("--therapists %d: 1 to 100000", therapists);
    struct demo demo = {.rand = g_rand_new_with_seed((guint32)seed), .folder = out};
    demo.today = as_of ? parse_day_option("--as-of", as_of) : zone_day(zone_get("America/Chicago"), clock_now());
    demo.facilities = g_string_new("facility,name,type,timezone,terms_days,account_manager,parent\n");
    demo.contacts = g_string_new("contact,facility,name,email,phone,role\n");
    demo.invoices = g_string_new("invoice,facility,issued_on,due_on,amount,currency,status,status_on\n");
    demo.payments = g_string_new("payment,invoice,facility,received_on,amount,currency,kind\n");
    demo.holds = g_string_new("hold,about,id,kind,from_on,until_on,amount,reason,by\n");
    if (g_mkdir_with_parents(out, 0755) != 0)
        return refuse("cannot make %s: %s", out, g_strerror(errno));
    int facilities = MAX(therapists / 5, 1);
    for (int number = 1; number <= MIN(facilities, FACILITIES); number++)
        add_facility(&demo, number);
    if (!write_all(&demo))
        return 1;
    printf("%s: %d facilities, %d invoices, %d payments, %d holds\n", out, MIN(facilities, FACILITIES), demo.invoice,
           demo.payment, demo.hold);
    return 0;
}
