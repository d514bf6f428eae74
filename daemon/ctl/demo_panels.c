/* The demo agency's panel applications: the approved on which placements rest, with each payer's own pace, and the
 * pending in every state. */
#include "demo.h"

static void add_application(struct demo *demo, const struct demo_therapist *who, int payer, day submitted,
                            const char *status, day status_on, day effective, day revalidate)
{
    g_autofree char *reference =
        submitted == DAY_NONE ? g_strdup("") : g_strdup_printf("R-%06d", between(demo, 100000, 999999));
    add_row(demo, PANEL_APPLICATIONS, "AP-%05d,%s,Y-%02d,,%s,%s,%s,%s,%s,%s", demo->rows[PANEL_APPLICATIONS] + 1,
            who->id, payer, date_text(submitted), status, date_text(status_on), date_text(effective),
            date_text(revalidate), reference);
}

static int decision_days(struct demo *demo, int payer)
{
    return demo->payers[payer - 1].usual_days + between(demo, -25, 35); /* at least 35 */
}

void demo_panels(struct demo *demo, struct demo_therapist *who, day start)
{
    if (who->payers)
        return;
    GString *list = g_string_new(NULL);
    for (int n = 0; n < 2; n++) {
        int payer = 1 + (who->number * 7 + n) % demo->payer_count;
        day decided = start - between(demo, 3, 40), effective = decided - between(demo, 0, 10),
            revalidate = effective + 1095;
        if (n == 0 && who->number % 30 == 4) {
            plant(demo, REVALIDATION);
            revalidate = demo->today + between(demo, 10, 90);
        }
        add_application(demo, who, payer, decided - decision_days(demo, payer), "approved", decided, effective,
                        revalidate);
        g_string_append_printf(list, "%sY-%02d", n ? ";" : "", payer);
    }
    who->payers = g_string_free(list, FALSE);
}

static void add_pending(struct demo *demo, const struct demo_therapist *who, int payer)
{
    if (who->number % 81 == 14) {
        plant(demo, INFO_REQUESTED);
        add_application(demo, who, payer, demo->today - between(demo, 40, 90), "info_requested",
                        demo->today - between(demo, 1, 8), DAY_NONE, DAY_NONE);
    } else if (who->number % 63 == 32) {
        add_application(demo, who, payer, DAY_NONE, "draft", DAY_NONE, DAY_NONE, DAY_NONE);
    } else if (who->number % 72 == 5) {
        plant(demo, OLD_APPLICATION);
        add_application(demo, who, payer, demo->today - 126 - who->number / 72 % 3 * 30, "in_review",
                        demo->today - between(demo, 60, 100), DAY_NONE, DAY_NONE);
    } else {
        int age = between(demo, 2, 115);
        gboolean reviewed = age > 40;
        add_application(demo, who, payer, demo->today - age, reviewed ? "in_review" : "submitted",
                        reviewed ? demo->today - age + 25 : DAY_NONE, DAY_NONE, DAY_NONE);
    }
}

void demo_more_panels(struct demo *demo, const struct demo_therapist *who)
{
    if (demo->payer_count < 6)
        return;
    if (who->number % 9 == 5)
        add_pending(demo, who, 1 + (who->number * 7 + 3) % demo->payer_count);
    day submitted = demo->today - between(demo, 220, 400);
    int payer = 1 + (who->number * 7 + 4) % demo->payer_count;
    if (who->number % 75 == 30) {
        plant(demo, DENIED);
        gboolean lately = who->number % 150 == 30;
        add_application(demo, who, payer, submitted, "denied", lately ? demo->today - 5 : submitted + 110, DAY_NONE,
                        DAY_NONE);
    } else if (who->number % 90 == 33) {
        add_application(demo, who, payer, submitted, "withdrawn", submitted + 45, DAY_NONE, DAY_NONE);
    }
}
