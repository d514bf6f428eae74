/*
 * tickler demo: the CSV files of a made-up agency, the same for the same seed and day, with planted trouble of every
 * sort. Most of what such an office has on record is in order; what is not is planted at fixed places (each 50th
 * therapist and so on), so that an agency of 300 has a few dozen things to do on its first day, and one of 3,000 ten
 * times as many.
 */
#include <errno.h>
#include <stdio.h>

#include "commands_all.h"
#include "demo.h"

static const char *const troubles[TROUBLES] = {
    [EXPIRED_AT_WORK] = "licenses expired while their therapist works",
    [LAPSED] = "licenses lapsed long ago",
    [DUE_SOON] = "licenses due within 120 days",
    [DUE_TOGETHER] = "licenses due together with another of the same therapist",
    [CE_SHORT] = "licenses short of CE, in total or in one category",
    [FILED] = "renewals filed and not decided",
    [NO_NEW_EXPIRY] = "renewals granted whose new expiry is not on record",
    [CAQH_OVERDUE] = "CAQH attestations overdue or due within days",
    [INSURANCE_ENDS] = "malpractice certificates about to end",
    [NO_THERAPIST_MAIL] = "therapists without an e-mail address",
    [NO_CONTACT] = "facilities where a role has nobody, or nobody with an address",
    [BILLED_BY_PARENT] = "facilities billed through a parent",
    [LOW_SCORE] = "check-ins answered with a low score",
    [SAFETY_WORD] = "check-ins that mention safety",
    [DISAGREEMENT] = "check-ins where therapist and facility disagree",
    [SILENCE] = "check-ins without an answer",
    [OLD_APPLICATION] = "panel applications pending beyond 120, 150 or 180 days",
    [INFO_REQUESTED] = "panel applications where the payer asks for something",
    [DENIED] = "panel applications denied",
    [PANEL_GAP] = "insured placements without a panel for one of their payers",
    [REVALIDATION] = "panels to be revalidated within 90 days",
    [START_AT_RISK] = "offers whose start is at risk",
    [STARTED_INCOMPLETE] = "placements begun with an item still open",
    [OFFER_JUST_SIGNED] = "offers signed in the last days, without a packet",
    [DISPUTE] = "invoices in dispute",
    [BROKEN_PROMISE] = "promises to pay, half of them broken",
    [BOUNCED_PAYMENT] = "payments refunded or charged back",
    [UNALLOCATED] = "payments that nobody has allocated",
};

static const struct {
    const char *name, *columns;
} files[DEMO_FILES] = {
    [STAFF] = {"staff", "staff,name,email,role,timezone,skills,out_from,out_until"},
    [FACILITIES] = {"facilities", "facility,name,type,timezone,terms_days,account_manager,parent,state"},
    [CONTACTS] = {"contacts", "contact,facility,name,email,phone,role"},
    [THERAPISTS] = {"therapists",
                    "therapist,name,email,phone,timezone,recruiter,caqh_attested_on,insurance_expires_on"},
    [LICENSES] = {"licenses", "license,therapist,state,type,number,issued_on,expires_on,status,status_on,depends_on"},
    [CE_RECORDS] = {"ce_records", "ce,license,completed_on,hours,category,title"},
    [PAYERS] = {"payers", "payer,name,email,phone,portal_url"},
    [PLACEMENTS] = {"placements", "placement,therapist,facility,license,offer_signed_on,start_on,end_on,status,"
                                  "insurance_billing,payers"},
    [PANEL_APPLICATIONS] = {"panel_applications", "application,therapist,payer,placement,submitted_on,status,status_on,"
                                                  "effective_on,revalidate_on,reference"},
    [PACKET_ITEMS] = {"packet_items", "placement,item,status,status_on,note"},
    [INVOICES] = {"invoices", "invoice,facility,issued_on,due_on,amount,currency,status,status_on"},
    [PAYMENTS] = {"payments", "payment,invoice,facility,received_on,amount,currency,kind"},
    [RESPONSES] = {"responses", "response,about,id,by,received_on,score,answers"},
    [HOLDS] = {"holds", "hold,about,id,kind,from_on,until_on,amount,reason,by"},
};

int between(struct demo *demo, int least, int most)
{
    return g_rand_int_range(demo->rand, least, most + 1);
}

int smaller(int one, int other)
{
    return one < other ? one : other;
}

gboolean chance(struct demo *demo, int percent)
{
    return between(demo, 1, 100) <= percent;
}

static GString *begin_file(enum demo_file file)
{
    GString *text = g_string_new(files[file].columns);
    g_string_append_c(text, '\n');
    return text;
}

void add_row(struct demo *demo, enum demo_file file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(demo->files[file], format, arguments);
    va_end(arguments);
    g_string_append_c(demo->files[file], '\n');
    demo->rows[file]++;
}

void add_later(struct demo *demo, enum demo_file file, const char *format, ...)
{
    if (!demo->later[file])
        demo->later[file] = begin_file(file);
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(demo->later[file], format, arguments);
    va_end(arguments);
    g_string_append_c(demo->later[file], '\n');
}

const char *date_text(day d)
{
    static char texts[16][16];
    static int turn;
    char *text = texts[turn++ % 16];
    g_autofree char *date = d == DAY_NONE ? g_strdup("") : day_format(d);
    g_strlcpy(text, date, sizeof texts[0]);
    return text;
}

void plant(struct demo *demo, enum trouble trouble)
{
    demo->planted[trouble]++;
}

static gboolean write_file(const struct demo *demo, const char *name, const GString *text)
{
    g_autofree char *file = g_strconcat(name, ".csv", NULL), *path = g_build_filename(demo->folder, file, NULL);
    g_autoptr(GError) error = NULL;
    if (g_file_set_contents(path, text->str, (gssize)text->len, &error))
        return TRUE;
    refuse("%s", error->message);
    return FALSE;
}

static gboolean write_all(const struct demo *demo)
{
    g_autoptr(GString) agency = g_string_new("agency,name,timezone,reply_to,postal_address\n"
                                             "A-1,Elm Street Staffing,America/Chicago,office@agency.example,"
                                             "\"1 Elm Street, Austin, TX 78701\"\n");
    gboolean good = write_file(demo, "agencies", agency);
    for (int i = 0; good && i < DEMO_FILES; i++)
        good = write_file(demo, files[i].name, demo->files[i]);
    for (int i = 0; good && i < DEMO_FILES; i++) {
        g_autofree char *name = g_strconcat("later/", files[i].name, NULL);
        good = !demo->later[i] || write_file(demo, name, demo->later[i]);
    }
    return good && demo_documents(demo);
}

static void print_summary(const struct demo *demo)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (int i = 0; i < DEMO_FILES; i++)
        g_string_append_printf(line, "%s%d %s", i ? ", " : "", demo->rows[i], files[i].name);
    printf("%s: %s\nplanted:\n", demo->folder, line->str);
    for (int i = 0; i < TROUBLES; i++)
        if (demo->planted[i])
            printf("  %5d %s\n", demo->planted[i], troubles[i]);
}

static void make(struct demo *demo)
{
    for (int i = 0; i < DEMO_FILES; i++)
        demo->files[i] = begin_file(i);
    demo_office(demo);
    for (int number = 1; number <= demo->therapists; number++)
        demo_therapist(demo, number);
    demo_money(demo);
}

static void clear(struct demo *demo)
{
    for (int i = 0; i < DEMO_FILES; i++) {
        g_string_free(demo->files[i], TRUE);
        if (demo->later[i])
            g_string_free(demo->later[i], TRUE);
    }
    g_free(demo->facilities);
    g_free(demo->payers);
    g_rand_free(demo->rand);
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
    g_autofree char *later = g_build_filename(out, "later", NULL);
    if (g_mkdir_with_parents(later, 0755) != 0)
        return refuse("cannot make %s: %s", later, g_strerror(errno));
    struct demo demo = {.rand = g_rand_new_with_seed((guint32)seed), .folder = out, .therapists = therapists};
    demo.today = as_of ? parse_day_option("--as-of", as_of) : zone_day(zone_get("America/Chicago"), clock_now());
    make(&demo);
    gboolean good = write_all(&demo);
    if (good)
        print_summary(&demo);
    clear(&demo);
    return good ? 0 : 1;
}
