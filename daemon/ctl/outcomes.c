/*
 * What people record about tasks. One row an outcome: the rooms that know it, what --date means, which options it
 * needs, and the question that writes it into the records; a question answers one row a record (about, kind, what, and
 * refused: why it cannot be). The task, the records, the follow-up and the events change together or not at all.
 */
#include "outcomes.h"

#include <stdio.h>
#include <string.h>

#include "desk.h"
#include "problems.h"
#include "tickler_sql.h"

enum date_means {
    DATE_FOLLOW_UP, /* unsettled: the matter comes back on that day */
    DATE_ASK_AGAIN, /* the room asks again on that day; the record says so */
    DATE_UNTIL,     /* the last day of a hold */
    DATE_FILED,     /* the day it was done, by default today */
    DATE_NEW,       /* the record's new date */
    DATE_START,     /* the new start, not in the past */
    DATE_NONE,
};

static const struct {
    const char *words;
    gboolean past_ok, future_ok;
} dates[] = {
    [DATE_FOLLOW_UP] = {"when to try again", FALSE, TRUE},
    [DATE_ASK_AGAIN] = {"when to ask again", FALSE, TRUE},
    [DATE_UNTIL] = {"until when", FALSE, TRUE},
    [DATE_FILED] = {"the day it was filed", TRUE, FALSE},
    [DATE_NEW] = {"the new date", TRUE, TRUE},
    [DATE_START] = {"the new start", FALSE, TRUE},
    [DATE_NONE] = {"", FALSE, FALSE},
};

enum { NEEDS_DATE = 1, NEEDS_NOTE = 2, NEEDS_ANSWER = 4, TAKES_AMOUNT = 8, TAKES_SCORE = 16, TAKES_ITEM = 32 };

struct outcome {
    const char *word, *room; /* room NULL: every room */
    enum date_means date;
    int options;
    const struct sql *effect; /* NULL: the task alone */
};

#define INVOICES "invoice_escalation"
#define LICENSES "license_renewal"
#define CHECK_IN "check_in"
#define PAYERS   "payer_followup"
#define PACKETS  "onboarding_packet"

static const struct outcome outcomes[] = {
    {"not_received", INVOICES, DATE_FOLLOW_UP, 0, NULL},
    {"waiting_for_approval", INVOICES, DATE_FOLLOW_UP, 0, NULL},
    {"payment_sent", INVOICES, DATE_FOLLOW_UP, 0, NULL},
    {"dispute", INVOICES, DATE_UNTIL, 0, &sql_outcome_hold},
    {"promise_to_pay", INVOICES, DATE_UNTIL, NEEDS_DATE | TAKES_AMOUNT, &sql_outcome_hold},

    {"renewal_submitted", LICENSES, DATE_FILED, 0, &sql_outcome_renewal_submitted},
    {"renewed", LICENSES, DATE_NEW, NEEDS_DATE, &sql_outcome_renewed},
    {"off_schedule", LICENSES, DATE_FOLLOW_UP, 0, NULL},

    {"answered", CHECK_IN, DATE_FOLLOW_UP, NEEDS_ANSWER | TAKES_SCORE, &sql_outcome_answered},

    {"received_and_complete", PAYERS, DATE_ASK_AGAIN, 0, &sql_outcome_ask_again},
    {"in_committee", PAYERS, DATE_ASK_AGAIN, 0, &sql_outcome_ask_again},
    {"not_received", PAYERS, DATE_ASK_AGAIN, 0, &sql_outcome_ask_again},
    {"something_missing", PAYERS, DATE_ASK_AGAIN, NEEDS_NOTE, &sql_outcome_something_missing},
    {"approved", PAYERS, DATE_NEW, 0, &sql_outcome_approved},
    {"denied", PAYERS, DATE_NONE, NEEDS_NOTE, &sql_outcome_denied},

    {"received", PACKETS, DATE_FOLLOW_UP, TAKES_ITEM, &sql_outcome_item},
    {"confirmed", PACKETS, DATE_FOLLOW_UP, TAKES_ITEM, &sql_outcome_item},
    {"waived", PACKETS, DATE_FOLLOW_UP, TAKES_ITEM, &sql_outcome_item},
    {"start_moved", PACKETS, DATE_START, NEEDS_DATE, &sql_outcome_start_moved},

    {"voicemail_left", NULL, DATE_FOLLOW_UP, 0, NULL},
    {"unreachable", NULL, DATE_FOLLOW_UP, 0, NULL},
    {"wrong_contact", NULL, DATE_FOLLOW_UP, 0, NULL},
    {"done", NULL, DATE_FOLLOW_UP, 0, NULL},
};

static gboolean is_known(const struct outcome *outcome, const char *worker)
{
    return !outcome->room || strcmp(outcome->room, worker) == 0;
}

const struct outcome *outcome_find(const char *worker, const char *word)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    gboolean is_word = FALSE;
    for (gsize i = 0; i < ARRAY_LEN(outcomes); i++) {
        is_word = is_word || strcmp(outcomes[i].word, word) == 0;
        if (!is_known(&outcomes[i], worker))
            continue;
        if (strcmp(outcomes[i].word, word) == 0)
            return &outcomes[i];
        g_ptr_array_add(words, (gpointer)outcomes[i].word);
        g_string_append_printf(all, "%s%s", all->len ? ", " : "", outcomes[i].word);
    }
    const char *near = is_word ? NULL : nearest_word(word, (const char *const *)words->pdata, words->len);
    if (!is_word)
        usage_error("there is no outcome '%s'%s%s; it may be %s", word, near ? ", did you mean " : "", near ? near : "",
                    all->str);
    (void)refuse("a task of %s has no outcome '%s'; it may be %s", worker, word, all->str);
    return NULL;
}

char *outcome_list(const char *worker, const char *line_start)
{
    GString *all = g_string_new(NULL);
    for (gsize i = 0; i < ARRAY_LEN(outcomes); i++) {
        const struct outcome *o = &outcomes[i];
        if (!is_known(o, worker))
            continue;
        g_string_append_printf(all, "%s%s", all->len ? line_start : "", o->word);
        if (o->options & TAKES_SCORE)
            g_string_append(all, " [--score 0..10]");
        if (o->options & TAKES_AMOUNT)
            g_string_append(all, " [--amount A]");
        if (o->options & TAKES_ITEM)
            g_string_append(all, " [--item I: when the task does not name it]");
        if (o->options & NEEDS_NOTE)
            g_string_append(all, " --note N");
        if (o->date != DATE_NONE)
            g_string_append_printf(all, o->options & NEEDS_DATE ? " --date D (%s)" : " [--date D: %s]",
                                   dates[o->date].words);
    }
    return g_string_free(all, FALSE);
}

/* --- checks: what is missing or does not belong is a matter of usage; what cannot be is refused */

static int check_date(struct office *office, const struct outcome *outcome, const char *text)
{
    if (!text && (outcome->options & NEEDS_DATE))
        usage_error("%s needs --date D: %s", outcome->word, dates[outcome->date].words);
    if (!text)
        return 0;
    if (outcome->date == DATE_NONE)
        usage_error("%s takes no --date", outcome->word);
    day date = parse_day_option("--date", text), today = office_today(office);
    if (date < today && !dates[outcome->date].past_ok)
        return refuse("--date %s is in the past; it is %s", text, dates[outcome->date].words);
    if (date > today && !dates[outcome->date].future_ok)
        return refuse("--date %s is in the future; it is %s", text, dates[outcome->date].words);
    return 0;
}

static gboolean is_score(const char *text)
{
    char *end = NULL;
    gint64 score = g_ascii_strtoll(text, &end, 10);
    return end != text && !*end && score >= 0 && score <= 10;
}

static gboolean cents_of(const char *amount, gint64 *ret)
{
    char *end;
    gint64 whole = g_ascii_isdigit(amount[0]) ? g_ascii_strtoll(amount, &end, 10) : -1, cents = 0;
    if (whole < 0 || whole > 1000000000)
        return FALSE;
    if (end[0] == '.' && g_ascii_isdigit(end[1]) && g_ascii_isdigit(end[2]) && !end[3])
        cents = (end[1] - '0') * 10 + end[2] - '0';
    else if (end[0])
        return FALSE;
    *ret = whole * 100 + cents;
    return TRUE;
}

static int check(struct office *office, const struct outcome *outcome, const struct outcome_request *request)
{
    const struct {
        const char *value, *option;
        int taken;
    } own[] = {{request->score, "--score", TAKES_SCORE},
               {request->amount, "--amount", TAKES_AMOUNT},
               {request->item, "--item", TAKES_ITEM}};
    for (gsize i = 0; i < ARRAY_LEN(own); i++)
        if (own[i].value && !(outcome->options & own[i].taken))
            usage_error("%s takes no %s", outcome->word, own[i].option);
    gboolean noted = request->note && *request->note;
    gint64 cents;
    if ((outcome->options & NEEDS_NOTE) && !noted)
        usage_error("%s needs --note N: what they said", outcome->word);
    if ((outcome->options & NEEDS_ANSWER) && !request->score && !noted)
        usage_error("%s needs --score 0..10, or --note N with what they said", outcome->word);
    if (request->score && !is_score(request->score))
        usage_error("--score %s is no score; write a whole number from 0 to 10", request->score);
    if (request->amount && !cents_of(request->amount, &cents))
        usage_error("--amount %s is no amount; write 1200.00", request->amount);
    return check_date(office, outcome, request->date);
}

/* --- the change */

/* What the questions read: $3 as jsonb. */
static struct js *request_json(struct office *office, const struct outcome *outcome,
                               const struct outcome_request *request)
{
    struct js *object = js_object();
    g_autofree char *today = day_format(office_today(office)), *now = now_text();
    gint64 cents;
    js_set_text(object, "outcome", outcome->word);
    js_set_text(object, "today", today);
    js_set_text(object, "now", now);
    js_set_text(object, "actor", office->actor);
    js_set_text(object, "date", request->date);
    js_set_text(object, "note", request->note);
    js_set_text(object, "item", request->item);
    js_set_text(object, "score", request->score);
    if (request->amount && cents_of(request->amount, &cents))
        js_set_int(object, "cents", cents);
    return object;
}

/* The records; FALSE after the refusal was said, or with *error set. */
static gboolean change_records(struct office *office, const char *agency, const char *task,
                               const struct outcome *outcome, const char *request, GError **error)
{
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, outcome->effect, error, agency, task, request);
    if (!rows)
        return FALSE;
    if (db_rows_count(rows) == 0) {
        (void)refuse("task %s names no record that %s could change", task, outcome->word);
        return FALSE;
    }
    for (int row = 0; row < db_rows_count(rows); row++) {
        if (!db_is_null(rows, row, "refused")) {
            (void)refuse("%s", db_text(rows, row, "refused"));
            return FALSE;
        }
        AUTO_JS struct js *detail = js_object();
        js_set_text(detail, "reason", db_text(rows, row, "what"));
        g_autofree char *text = js_print(detail);
        if (!desk_event(office->db, office->agency, clock_now(), office->actor, db_text(rows, row, "kind"),
                        db_text(rows, row, "about"), text, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean close_task(struct office *office, const char *agency, const char *task, const char *outcome,
                           const struct outcome_request *request, GError **error)
{
    g_autofree char *now = now_text(), *about = g_strdup_printf("task:%s", task);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "outcome", outcome);
    js_set_text(detail, "date", request->date);
    g_autofree char *text = js_print(detail);
    const char *const values[] = {agency, task, "done", outcome, request->note, NULL, now, NULL};
    gint64 touched = db_touched(db_ask(office->db, &sql_task_change, ARRAY_LEN(values), values, error));
    if (touched == 0)
        (void)refuse("task %s was closed by somebody else meanwhile; nothing was changed", task);
    return touched > 0 &&
           desk_event(office->db, office->agency, clock_now(), office->actor, "task.done", about, text, error);
}

static gboolean follow_up(struct office *office, const char *agency, const char *task,
                          const struct outcome_request *request, GError **error)
{
    g_autofree char *now = now_text();
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, &sql_task_follow_up, error, agency, task, request->date, now);
    if (!rows || db_rows_count(rows) == 0)
        return rows != NULL;
    g_autofree char *about = g_strdup_printf("task:%s", db_text(rows, 0, "task_id"));
    g_autofree char *text = g_strdup_printf("{\"follows\":\"task:%s\"}", task);
    printf("task %s follows on %s\n", db_text(rows, 0, "task_id"), request->date);
    return desk_event(office->db, office->agency, clock_now(), office->actor, "task.created", about, text, error);
}

int outcome_record(struct office *office, const char *task, const struct outcome *outcome,
                   const struct outcome_request *request)
{
    int code = check(office, outcome, request);
    if (code)
        return code;
    g_autofree char *agency = office_agency_text(office);
    AUTO_JS struct js *json = request_json(office, outcome, request);
    g_autofree char *text = js_print(json);
    g_autoptr(GError) error = NULL;
    gboolean comes_back = request->date && outcome->date == DATE_FOLLOW_UP;
    if (!db_begin(office->db, &error))
        return refuse_error(error);
    if ((!outcome->effect || change_records(office, agency, task, outcome, text, &error)) &&
        close_task(office, agency, task, outcome->word, request, &error) &&
        (!comes_back || follow_up(office, agency, task, request, &error)) && db_commit(office->db, &error)) {
        office_notify(office);
        return 0;
    }
    db_rollback(office->db);
    return error ? refuse_error(error) : 1;
}
