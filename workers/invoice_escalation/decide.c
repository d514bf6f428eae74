/* What an overdue invoice needs. Pure: no clock, no database, no I/O. */
#include "decide.h"

#include <string.h>

static const char *text(const struct job *job, const char *column)
{
    const char *value = db_text(job->rows, job->row, column);
    return value ? value : "";
}

static gboolean open_in(const struct job *job, const char *currency)
{
    return job->verdict == VERDICT_NONE && strcmp(text(job, "currency"), currency) == 0;
}

/* --- what the templates may name */

/* "March 31, 2027", as letters write it. */
static void set_date(struct js *row, const char *name, const char *iso)
{
    day d;
    g_autofree char *text = day_parse(iso, &d) ? day_format_long(d) : g_strdup(iso);
    js_set_text(row, name, text);
}

static struct js *invoice_row(const struct js *open)
{
    struct js *row = js_object();
    g_autofree char *amount = money_format(js_get_int(open, "amount", 0));
    g_autofree char *balance = money_format(js_get_int(open, "balance", 0));
    gint64 late = js_get_int(open, "days_late", 0);
    g_autofree char *lateness = g_strdup_printf("%" G_GINT64_FORMAT " day%s late", late, late == 1 ? "" : "s");
    js_set_text(row, "number", js_get_text(open, "number"));
    js_set_text(row, "site", js_get_text(open, "site"));
    set_date(row, "issued", js_get_text(open, "issued"));
    set_date(row, "due", js_get_text(open, "due"));
    js_set_text(row, "amount", amount);
    js_set_text(row, "balance", balance);
    js_set_int(row, "days_late", MAX(late, 0));
    js_set_bool(row, "late", late > 0);
    js_set_text(row, "lateness", lateness);
    js_set_bool(row, "part_paid", js_get_int(open, "amount", 0) != js_get_int(open, "balance", 0));
    return row;
}

/* A courtesy note lists what comes due within its step's days; every other letter all that is past due: the step
 * decides whether to write, not what is owed. */
static gboolean is_listed(const struct party *party, const struct job *job, gint64 late, gboolean upcoming)
{
    if (!upcoming)
        return late > 0;
    return late <= 0 &&
           party->today - late <= offset_latest_anchor(&job->step->at, party->schedule->calendar, party->today);
}

static void add_invoices(struct js *data, const struct party *party, const struct job *job, const char *currency,
                         gboolean upcoming)
{
    const char *json = text(job, "open");
    AUTO_JS struct js *open = js_parse(json, strlen(json), NULL);
    struct js *rows = js_array();
    gint64 total = 0, oldest = 0;
    for (gsize i = 0; open && i < js_length(open); i++) {
        const struct js *one = js_at(open, i);
        gint64 late = js_get_int(one, "days_late", 0);
        if (strcmp(js_get_text(one, "currency"), currency) != 0 || !is_listed(party, job, late, upcoming))
            continue;
        total += js_get_int(one, "balance", 0);
        oldest = MAX(oldest, late);
        js_add(rows, invoice_row(one));
    }
    g_autofree char *sum = money_format(total);
    gint64 count = (gint64)js_length(rows);
    js_set(data, "invoices", rows);
    js_set_text(data, "total", sum);
    js_set_int(data, "count", count);
    js_set_bool(data, "one", count == 1);
    js_set_bool(data, "many", count > 1);
    js_set_int(data, "oldest_days", oldest);
}

static struct js *data_for(const struct party *party, const struct job *job, const char *currency, gboolean upcoming)
{
    struct js *data = js_object(), *agency = js_object(), *facility = js_object(), *manager = js_object();
    const char *const reply_to = text(job, "reply_to"), *const name = text(job, "manager_name");
    js_set_text(agency, "name", text(job, "agency_name"));
    js_set_text(agency, "reply_to", reply_to);
    js_set_text(agency, "postal_address", text(job, "postal_address"));
    js_set_text(facility, "name", text(job, "facility_name"));
    js_set_text(manager, "name", name);
    js_set(data, "agency", agency);
    js_set(data, "facility", facility);
    js_set(data, "account_manager", manager);
    js_set_bool(data, "has_account_manager", *name != '\0');
    js_set_text(data, "currency", currency);
    g_autofree char *reply_by = day_format_long(bizcal_add(party->schedule->calendar, party->today, 5));
    js_set_text(data, "reply_by", reply_by);
    gint64 broken = db_int(job->rows, job->row, "broken");
    js_set_bool(data, "promise_broken", broken > 0);
    js_set_int(data, "promises_broken", broken);
    js_set_text(data, "history", *text(job, "history") ? text(job, "history") : "nothing on record yet");
    js_set_text(data, "phone", *text(job, "phone") ? text(job, "phone") : "no number on record");
    js_set_text(data, "ask_for", *text(job, "ask_for") ? text(job, "ask_for") : "accounts payable");
    add_invoices(data, party, job, currency, upcoming);
    return data;
}

/* --- letters */

static gboolean is_before_due(const struct step *step)
{
    return step->at.count < 0;
}

static gboolean to_facility(const struct step *step)
{
    return step->to_count > 0 && step->to[0] <= TO_COMPLIANCE;
}

static const struct job *highest_letter(const struct party *party, const char *currency, gboolean before_due)
{
    const struct job *best = NULL;
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        if (open_in(job, currency) && job->step && job->step->template && to_facility(job->step) &&
            is_before_due(job->step) == before_due && (!best || job->ordinal > best->ordinal))
            best = job;
    }
    return best;
}

static void write_to_facility(struct party *party, const char *currency)
{
    const struct job *top = highest_letter(party, currency, FALSE);
    gboolean courtesy = !top;
    if (courtesy)
        top = highest_letter(party, currency, TRUE);
    if (!top)
        return;
    struct letter_wish *wish = party_letter(party, top->step, data_for(party, top, currency, courtesy));
    wish->variety = text(top, "currency");
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (!open_in(job, currency) || !job->step || !job->step->template || !to_facility(job->step))
            continue;
        if (is_before_due(job->step) != courtesy)
            job_say(job, VERDICT_SUPERSEDED, "a letter about older invoices goes to the same party today");
        else
            g_ptr_array_add(wish->jobs, job);
    }
}

static void write_to_staff(struct party *party, const char *currency, const struct step *step)
{
    struct letter_wish *wish = NULL;
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (!open_in(job, currency) || job->step != step)
            continue;
        if (!wish) {
            wish = party_letter(party, step, data_for(party, job, currency, FALSE));
            wish->variety = text(job, "currency");
        }
        g_ptr_array_add(wish->jobs, job);
    }
}

/* --- tasks: one person hears of a facility once a day, by the highest step that means them */

static gboolean asks_same_person(const struct step *step, const struct step *other)
{
    return step->task.title && other->task.title && step->task.to == other->task.to;
}

static gboolean has_higher_task(const struct party *party, const char *currency, const struct job *job)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *other = party->jobs->pdata[i];
        if (open_in(other, currency) && other->step && other->ordinal > job->ordinal &&
            asks_same_person(other->step, job->step))
            return TRUE;
    }
    return FALSE;
}

static void raise_task(struct party *party, const char *currency, const struct step *step)
{
    struct task_wish *wish = NULL;
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (!open_in(job, currency) || !job->step || !asks_same_person(job->step, step))
            continue;
        if (!wish) {
            wish = party_task(party, step, data_for(party, job, currency, FALSE));
            wish->matter = g_strdup_printf("%s %s %s", step->id, job->party, currency);
            wish->reason =
                g_strdup_printf("%s%s, %s %s open, the oldest %d days late", text(job, "facility_name"),
                                js_get_bool(wish->data, "promise_broken") ? ": a promise to pay was broken" : "",
                                js_get_text(wish->data, "total"), currency,
                                (int)js_get_int(wish->data, "oldest_days", 0));
            wish->phone = g_strdup(db_text(job->rows, job->row, "phone"));
        }
        g_ptr_array_add(wish->jobs, job);
    }
}

/* Letters to staff and tasks, one for each step that some job of this currency stands on. */
static void take_steps(struct party *party, const char *currency)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        if (!open_in(job, currency) || !job->step || g_ptr_array_find(seen, job->step, NULL))
            continue;
        g_ptr_array_add(seen, (gpointer)job->step);
        if (job->step->template && !to_facility(job->step))
            write_to_staff(party, currency, job->step);
        if (job->step->task.title && !has_higher_task(party, currency, job))
            raise_task(party, currency, job->step);
    }
}

/* --- the party's money */

static gint64 unallocated(const struct job *job, const char *currency)
{
    const char *json = text(job, "credit");
    AUTO_JS struct js *credit = js_parse(json, strlen(json), NULL);
    return credit ? js_get_int(credit, currency, 0) : 0;
}

/* Money that nobody has allocated: chasing now would be wrong, and a person can settle it. */
static void allocate_first(struct party *party, const char *currency, gint64 cents)
{
    g_autofree char *amount = money_format(cents);
    struct task_wish *wish = NULL;
    instant again = zone_at(party->schedule->zone, bizcal_next(party->schedule->calendar, party->today + 1), 0);
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (!open_in(job, currency))
            continue;
        if (!wish) {
            wish = party_task(party, NULL, NULL);
            wish->step_id = "allocate";
            wish->matter = g_strdup_printf("allocate %s %s", job->party, currency);
            wish->title = g_strdup_printf("Allocate %s %s of %s", amount, currency, text(job, "facility_name"));
            wish->reason = g_strdup_printf("%s %s came in without an invoice number; no letter goes out until it is "
                                           "allocated",
                                           amount, currency);
            wish->phone = g_strdup(db_text(job->rows, job->row, "phone"));
        }
        g_ptr_array_add(wish->jobs, job);
        job_later(job, again, "held: %s %s of the party's money is not allocated", amount, currency);
    }
}

static void thank(struct party *party, struct job *job)
{
    struct letter_wish *wish = party_letter(party, NULL, data_for(party, job, text(job, "currency"), FALSE));
    g_autofree char *amount = money_format(db_int(job->rows, job->row, "amount_cents"));
    wish->step_id = "thank_you";
    wish->template = "thank_you";
    wish->to[0] = TO_BILLING_CONTACT;
    wish->to_count = 1;
    wish->free_of_gap = TRUE;
    wish->variety = text(job, "number");
    js_set_text(wish->data, "number", text(job, "number"));
    js_set_text(wish->data, "amount", amount);
    g_ptr_array_add(wish->jobs, job);
    job->verdict = VERDICT_DONE;
}

static void decide_currency(struct party *party, const struct job *any, const char *currency)
{
    gint64 credit = unallocated(any, currency);
    if (credit > 0) {
        allocate_first(party, currency, credit);
        return;
    }
    write_to_facility(party, currency);
    take_steps(party, currency);
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (open_in(job, currency))
            job->verdict = VERDICT_DONE;
    }
}

void invoice_decide(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict != VERDICT_NONE)
            continue;
        if (*text(job, "gone"))
            job_say(job, VERDICT_MOOT, "%s", text(job, "gone"));
        else if (strcmp(job->step_id, "thank_you") == 0)
            thank(party, job);
    }
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        if (job->verdict == VERDICT_NONE)
            decide_currency(party, job, text(job, "currency"));
    }
}
