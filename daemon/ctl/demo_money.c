/* The demo agency's invoices: most are paid around their facility's habit, some are trouble. */
#include "demo.h"

#define MONTHS 18

static void pay(struct demo *demo, const char *invoice, int facility, day on, gint64 cents, const char *kind)
{
    if (on <= demo->today && cents > 0)
        add_row(demo, PAYMENTS, "P-%05d,%s,F-%02d,%s,%d.%02d,USD,%s", demo->rows[PAYMENTS] + 1, invoice, facility,
                date_text(on), (int)(cents / 100), (int)(cents % 100), kind);
}

static void place(struct demo *demo, const char *invoice, day from, day until, const char *kind, const char *reason)
{
    if (from <= demo->today)
        add_row(demo, HOLDS, "D-%03d,invoice,%s,%s,%s,%s,,%s,VA-1", demo->rows[HOLDS] + 1, invoice, kind,
                date_text(from), date_text(until), reason);
}

static void live_through(struct demo *demo, const char *id, int facility, day due, gint64 cents, int habit)
{
    /* What is long past has been settled, nearly always. */
    int fate = due < demo->today - 120 && chance(demo, 94) ? 0 : between(demo, 0, 99);
    day paid = due + habit + between(demo, -6, 9);
    if (fate < 84) {
        pay(demo, id, facility, paid, cents, "payment");
    } else if (fate < 87) { /* part of it, and the rest never */
        pay(demo, id, facility, paid, cents / 2, "payment");
    } else if (fate < 89) {
        plant(demo, BOUNCED_PAYMENT);
        pay(demo, id, facility, paid, cents, "payment");
        pay(demo, id, facility, paid + 12, cents, "refund");
    } else if (fate < 90) {
        plant(demo, BOUNCED_PAYMENT);
        pay(demo, id, facility, paid, cents, "payment");
        pay(demo, id, facility, paid + 20, cents, "chargeback");
        if (chance(demo, 50))
            pay(demo, id, facility, paid + 35, cents, "reversal");
    } else if (fate < 92) {
        pay(demo, id, facility, paid, cents / 4, "credit_note");
        pay(demo, id, facility, paid + 5, cents - cents / 4, "payment");
    } else if (fate < 94) {
        plant(demo, DISPUTE);
        place(demo, id, due + 9, DAY_NONE, "dispute", "they question the hours of one week");
    } else if (fate < 96) { /* a promise, kept or broken */
        plant(demo, BROKEN_PROMISE);
        place(demo, id, due + 21, due + 35, "promise_to_pay", "promised on the phone");
        if (chance(demo, 50))
            pay(demo, id, facility, due + 33, cents, "payment");
    } /* the rest is simply open */
}

static void bill_once(struct demo *demo, int facility, int month, int terms, int habit)
{
    day issued = demo->today - month * 30 - between(demo, 0, 27), due = issued + terms;
    gint64 cents = between(demo, 40000, 959999);
    g_autofree char *id = g_strdup_printf("INV-%05d", demo->rows[INVOICES] + 1);
    gboolean draft = month == 0 && chance(demo, 10), off = month > 8 && chance(demo, 2);
    add_row(demo, INVOICES, "%s,F-%02d,%s,%s,%d.%02d,USD,%s,%s", id, facility, date_text(issued), date_text(due),
            (int)(cents / 100), (int)(cents % 100),
            draft ? "draft"
            : off ? "written_off"
                  : "sent",
            date_text(off ? due + 120 : DAY_NONE));
    if (!draft && !off)
        live_through(demo, id, facility, due, cents, habit);
}

void demo_money(struct demo *demo)
{
    for (int number = 1; number <= demo->facility_count; number++) {
        gboolean is_cmhc = demo->facilities[number - 1].kind == 0;
        int habit = is_cmhc ? 22 : between(demo, -8, 13), per_month = between(demo, 1, 3);
        for (int month = MONTHS; month >= 0; month--)
            for (int n = 0; n < per_month; n++)
                bill_once(demo, number, month, is_cmhc ? 45 : 30, habit);
        if (number % 30 == 9 || number % 30 == 18) { /* money that nobody has allocated */
            plant(demo, UNALLOCATED);
            pay(demo, "", number, demo->today - 4, 125000, "payment");
        }
    }
}
