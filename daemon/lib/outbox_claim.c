/*
 * From wishes to claims: people are found, windows, gaps and caps are kept, letters rendered and committed as
 * `sending`. Runs inside the window's transaction; sends nothing.
 */
#include <string.h>

#include "crypto.h"
#include "desk.h"
#include "document.h"
#include "letter.h"
#include "libtickler_sql.h"
#include "room_shared.h"

#define LETTER_MAX (18 * 1024 * 1024) /* of attachments together: base64 makes 24 MB of it, and most relays take 25 */

struct person {
    const char *role, *name, *address; /* lent by the rows */
    const struct zone *zone;
};

struct addressing { /* the people of one wish */
    struct db_rows *rows;
    struct person people[8];
    int count;
};

static char *int_text(gint64 number)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

void claim_free(gpointer data)
{
    struct claim *claim = data;
    g_free(claim->internet_id);
    g_free(claim->address);
    g_free(claim->recipient);
    g_free(claim->subjects);
    g_free(claim->party);
    g_bytes_unref(claim->letter);
    g_array_unref(claim->job_ids);
    g_free(claim->reply);
    g_free(claim);
}

const char *desk_template(struct desk *desk, const char *file, GError **error)
{
    char *text = g_hash_table_lookup(desk->templates, file);
    if (text)
        return text;
    g_autofree char *path = g_build_filename(desk->config->dir, "templates", desk->room->name, file, NULL);
    if (!g_file_get_contents(path, &text, NULL, error))
        return NULL;
    g_hash_table_insert(desk->templates, g_strdup(file), text);
    return text;
}

char *desk_render(struct desk *desk, const char *file, enum template_kind kind, const struct js *data, GError **error)
{
    const char *text = desk_template(desk, file, error);
    return text ? template_render(file, text, kind, data, error) : NULL;
}

/* --- whom */

static const struct zone *zone_or(const char *name, const struct zone *otherwise)
{
    const struct zone *zone = name ? zone_get(name) : NULL;
    return zone ? zone : otherwise;
}

static gboolean find_people(struct desk *desk, const struct job *first, const struct letter_wish *wish,
                            struct addressing *ret, GError **error)
{
    const struct zone *of_party = zone_or(db_text(first->rows, first->row, "zone"), desk->schedule->zone);
    g_autofree char *agency = int_text(first->agency), *party = int_text(first->party_id);
    if (wish->to_address) {
        ret->rows = db_ask_with(desk->db, &sql_is_suppressed, error, agency, wish->to_address);
        if (ret->rows && db_rows_count(ret->rows) == 0)
            ret->people[ret->count++] = (struct person){"person", wish->to_name, wish->to_address, of_party};
        return ret->rows != NULL;
    }
    AUTO_ARRAY struct db_array *roles = db_array_new();
    for (int i = 0; i < wish->to_count; i++)
        db_array_add(roles, recipient_names[wish->to[i]]);
    g_autofree char *kind = g_strndup(first->party, strcspn(first->party, ":"));
    ret->rows = db_ask_with(desk->db, &sql_recipients, error, agency, party, db_array_text(roles), kind);
    for (int row = 0; ret->rows && row < MIN(db_rows_count(ret->rows), (int)ARRAY_LEN(ret->people)); row++)
        ret->people[ret->count++] =
            (struct person){db_text(ret->rows, row, "role"), db_text(ret->rows, row, "name"),
                            db_text(ret->rows, row, "email"), zone_or(db_text(ret->rows, row, "zone"), of_party)};
    return ret->rows != NULL;
}

static gboolean is_outside(const struct letter_wish *wish)
{
    return !wish->to_address && wish->to_count > 0 && wish->to[0] <= TO_PAYER;
}

/* --- when */

static void postpone_all(const struct letter_wish *wish, instant until, const char *reason)
{
    for (guint i = 0; i < wish->jobs->len; i++)
        job_later(wish->jobs->pdata[i], until, "%s", reason);
}

static gboolean last_letter_day(struct desk *desk, const struct job *job, day *ret, GError **error)
{
    g_autofree char *agency = int_text(job->agency);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_last_letter, error, agency, job->party, desk->room->name);
    if (!rows)
        return FALSE;
    instant at;
    *ret = DAY_NONE;
    const char *text = db_text(rows, 0, "at");
    if (!text)
        return TRUE;
    if (!instant_parse(text, &at, error))
        return FALSE;
    *ret = zone_day(desk->schedule->zone, at);
    return TRUE;
}

struct scopes { /* parallel */
    struct db_array *names, *caps;
};

/* A cap of 0 is none. What this decision has its place of already is not counted twice. */
static void add_scope(const struct party *party, struct scopes *scopes, int cap, char *name)
{
    if (!g_hash_table_contains(party->contacted, name)) {
        db_array_add(scopes->names, name);
        db_array_add_int(scopes->caps, cap ? cap : G_MAXINT32);
    }
    g_free(name);
}

static gboolean is_staff(const char *role)
{
    for (int r = TO_PAYER + 1; r < RECIPIENTS; r++)
        if (strcmp(role, recipient_names[r]) == 0)
            return TRUE;
    return FALSE;
}

/* What a letter counts against today: the room's letters to the party, and for each of its readers the room's letters
 * and those of all rooms. A person may be the contact of several parties. */
static void add_scopes(const struct desk *desk, const struct party *party, const struct job *job,
                       const struct addressing *to, struct scopes *scopes)
{
    const char *room = desk->room->name;
    int of_room = desk->schedule->per_party_per_day, of_all = desk->config->settings->party_per_day_total;
    add_scope(party, scopes, of_room, g_strdup_printf("%s %s", job->party, room));
    for (int i = 0; i < to->count; i++) {
        if (is_staff(to->people[i].role)) /* our own people hold up nobody's letter */
            continue;
        g_autofree char *address = g_ascii_strdown(to->people[i].address, -1);
        add_scope(party, scopes, of_room, g_strdup_printf("person %s %s", address, room));
        add_scope(party, scopes, of_all, g_strdup_printf("person %s", address));
    }
}

/* A place in the day's count under every scope, or none at all: the caps are in the UPDATE's condition, so they hold
 * over all workers. *ret_spent says whether the places were taken. */
static gboolean spend(struct desk *desk, const struct job *job, struct party *party, const struct addressing *to,
                      gboolean *ret_spent, GError **error)
{
    AUTO_ARRAY struct db_array *names = db_array_new(), *caps = db_array_new(), *taken = db_array_new();
    struct scopes scopes = {names, caps};
    add_scopes(desk, party, job, to, &scopes);
    *ret_spent = TRUE;
    if (db_array_length(names) == 0)
        return TRUE;
    g_autofree char *agency = int_text(job->agency), *today = day_format(party->today);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_spend, error, agency, db_array_text(names), today, db_array_text(caps));
    if (!rows)
        return FALSE;
    *ret_spent = db_rows_count(rows) == (int)db_array_length(names);
    for (int row = 0; row < db_rows_count(rows); row++) {
        db_array_add(taken, db_text(rows, row, "scope"));
        if (*ret_spent)
            g_hash_table_add(party->contacted, g_strdup(db_text(rows, row, "scope")));
    }
    return *ret_spent || db_array_length(taken) == 0 ||
           db_tell(desk->db, &sql_unspend, error, agency, db_array_text(taken), today) >= 0;
}

/* A try of today that brought nothing keeps its place in the day's count. */
static gboolean has_place_today(const struct desk *desk, const struct party *party, const struct letter_wish *wish)
{
    for (guint i = 0; i < wish->jobs->len; i++) {
        gpointer tried_on;
        if (g_hash_table_lookup_extended(desk->retried, &((struct job *)wish->jobs->pdata[i])->id, NULL, &tried_on) &&
            GPOINTER_TO_INT(tried_on) == party->today)
            return TRUE;
    }
    return FALSE;
}

/* The gap was kept at its first try; since then one of several people may have it. */
static gboolean is_retried(const struct desk *desk, const struct letter_wish *wish)
{
    for (guint i = 0; i < wish->jobs->len; i++)
        if (g_hash_table_contains(desk->retried, &((struct job *)wish->jobs->pdata[i])->id))
            return TRUE;
    return FALSE;
}

/* When the window is open for every reader, each in his own zone; for the first alone when it never is for all. */
static instant opens_at(const struct desk *desk, const struct addressing *to, instant now)
{
    instant at = now;
    for (int round = 0; round < 4; round++) {
        instant before = at;
        for (int i = 0; i < to->count; i++)
            at = window_next(&desk->schedule->window, to->people[i].zone, at);
        if (at == before)
            return at;
    }
    return window_next(&desk->schedule->window, to->people[0].zone, now);
}

/* When a letter may go on a day: days are the schedule's, as the gaps and counts are kept; hours are the reader's. */
static instant first_hour(const struct desk *desk, const struct zone *reader, day on)
{
    return window_next(&desk->schedule->window, reader, zone_at(desk->schedule->zone, on, 0));
}

/* Whether min_gap has passed since the room last wrote to the party; when not, the wish is postponed. */
static gboolean keep_gap(struct desk *desk, const struct party *party, const struct letter_wish *wish,
                         const struct zone *zone, gboolean *ret_good, GError **error)
{
    day last = DAY_NONE;
    *ret_good = TRUE;
    if (!desk->schedule->min_gap.count || is_retried(desk, wish))
        return TRUE;
    if (!last_letter_day(desk, wish->jobs->pdata[0], &last, error))
        return FALSE;
    day earliest = last == DAY_NONE ? DAY_NONE : offset_day(&desk->schedule->min_gap, desk->schedule->calendar, last);
    if (last == DAY_NONE || party->today >= earliest)
        return TRUE;
    *ret_good = FALSE;
    postpone_all(wish, first_hour(desk, zone, earliest), "too soon after the last letter (min_gap)");
    return TRUE;
}

/* May this wish go out now? When not, its jobs are postponed with the reason. */
static gboolean timely(struct desk *desk, struct party *party, const struct letter_wish *wish,
                       const struct addressing *to, gboolean *ret_now, GError **error)
{
    const struct job *job = wish->jobs->pdata[0];
    const struct zone *zone = to->people[0].zone;
    instant opens = opens_at(desk, to, party->now);
    *ret_now = FALSE;
    if (opens > party->now) {
        postpone_all(wish, opens, "outside the hours in which letters go out");
        return TRUE;
    }
    if (wish->free_of_gap || !is_outside(wish) || has_place_today(desk, party, wish)) {
        *ret_now = TRUE;
        return TRUE;
    }
    gboolean good = TRUE;
    if (!g_hash_table_size(party->contacted) && !keep_gap(desk, party, wish, zone, &good, error))
        return FALSE;
    if (!good)
        return TRUE;
    if (!spend(desk, job, party, to, ret_now, error))
        return FALSE;
    if (!*ret_now)
        postpone_all(wish, first_hour(desk, zone, party->today + 1),
                     "the day's letters to this party or person are spent");
    return TRUE;
}

/* --- the letter itself */

/* From the jobs, so that every try of a letter has the same: hash(agency, worker, steps, recipient)@domain. */
static char *internet_id(const struct desk *desk, const struct letter_wish *wish, const struct person *person)
{
    g_autoptr(GString) key = g_string_new(NULL);
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        g_string_append_printf(key, "%d %s %" G_GINT64_FORMAT " %d %s\n", job->agency, desk->room->name,
                               job->subject_id, job->cycle, job->step_id);
    }
    g_string_append_printf(key, "%s %s %s", wish->variety, person->role, person->address);
    g_autofree char *digest = crypto_sha256_hex(key->str, key->len);
    const char *domain = strchr(desk->config->settings->mail_from_address, '@');
    return g_strdup_printf("%.32s.ticklerd%s", digest, domain ? domain : "@localhost");
}

static gboolean split_subject(const char *rendered, char **ret_subject, const char **ret_text, GError **error)
{
    const char *end = strchr(rendered, '\n'), *body = strstr(rendered, "\n\n");
    if (!g_str_has_prefix(rendered, "Subject: ") || !end || !body) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a template does not begin with 'Subject: ...'");
        return FALSE;
    }
    *ret_subject = g_strstrip(g_strndup(rendered + strlen("Subject: "), (gsize)(end - rendered) - strlen("Subject: ")));
    *ret_text = body + 2;
    return TRUE;
}

static GBytes *write_letter(struct desk *desk, const struct party *party, struct letter_wish *wish,
                            const struct person *person, const GPtrArray *attachments, const char *id,
                            char **ret_subject, GError **error)
{
    const struct job *job = wish->jobs->pdata[0];
    struct js *contact = js_object();
    js_set_text(contact, "name", person->name);
    js_set(wish->data, "contact", contact);
    g_autofree char *txt = g_strconcat(wish->template, ".txt.mustache", NULL);
    g_autofree char *htm = g_strconcat(wish->template, ".html.mustache", NULL);
    g_autofree char *text = desk_render(desk, txt, TEMPLATE_TEXT, wish->data, error);
    g_autofree char *html = text ? desk_render(desk, htm, TEMPLATE_HTML, wish->data, error) : NULL;
    const char *body;
    if (!html || !split_subject(text, ret_subject, &body, error))
        return NULL;
    const char *from_name = db_text(job->rows, job->row, "from_name");
    const struct letter letter = {.message_id = id,
                                  .from_name = from_name ? from_name : "",
                                  .from_address = desk->config->settings->mail_from_address,
                                  .reply_to = db_text(job->rows, job->row, "reply_to"),
                                  .to_name = person->name,
                                  .to_address = person->address,
                                  .subject = *ret_subject,
                                  .text = body,
                                  .html = html,
                                  .attachments = attachments,
                                  .date = party->now};
    return letter_build(&letter, error);
}

static char *hex_of(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    GString *text = g_string_sized_new(2 * size + 2);
    g_string_append(text, "\\x");
    static const char digits[] = "0123456789abcdef";
    for (gsize i = 0; i < size; i++) {
        g_string_append_c(text, digits[data[i] >> 4]);
        g_string_append_c(text, digits[data[i] & 15]);
    }
    return g_string_free(text, FALSE);
}

/* Says FALSE: the window is tried again, and finds the other worker's claim. */
static gboolean is_anothers(const struct job *job, GError **error)
{
    g_set_error(error, DB_ERROR, DB_CONFLICT, "job %" G_GINT64_FORMAT ": another worker has its letter", job->id);
    return FALSE;
}

static gboolean insert_steps(struct desk *desk, const struct letter_wish *wish, const char *recipient, gint64 message,
                             GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    AUTO_ARRAY struct db_array *subject_ids = db_array_new(), *cycles = db_array_new(), *steps = db_array_new();
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        g_autofree char *cycle = day_format(job->cycle);
        db_array_add_int(subject_ids, job->subject_id);
        db_array_add(cycles, cycle);
        db_array_add(steps, job->step_id);
        db_array_add(subjects, job->subject);
    }
    g_autofree char *agency = int_text(first->agency), *id = int_text(message);
    gint64 put = db_tell(desk->db, &sql_message_step_put, error, agency, desk->room->name, db_array_text(subject_ids),
                         db_array_text(cycles), db_array_text(steps), db_array_text(subjects), recipient, id);
    return put == (gint64)wish->jobs->len || (put >= 0 && is_anothers(first, error));
}

static struct claim *claim_new(const struct letter_wish *wish, const char *id, const struct person *person,
                               const char *recipient, GBytes *letter)
{
    const struct job *first = wish->jobs->pdata[0];
    struct claim *claim = g_new0(struct claim, 1);
    claim->agency = first->agency;
    claim->internet_id = g_strdup(id);
    claim->address = g_strdup(person->address);
    claim->recipient = g_strdup(recipient);
    claim->party = g_strdup(first->party);
    claim->letter = g_bytes_ref(letter);
    claim->job_ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    claim->tries = first->tries;
    claim->claimed_mono = clock_mono();
    g_autoptr(GString) subjects = g_string_new(NULL);
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        g_array_append_val(claim->job_ids, job->id);
        g_string_append_printf(subjects, "%s%s", i ? "\n" : "", job->subject);
    }
    claim->subjects = g_strdup(subjects->str);
    return claim;
}

/* At a second try some of several people may have the letter already. */
static gboolean has_letter(struct desk *desk, const struct letter_wish *wish, const char *recipient, gboolean *ret,
                           GError **error)
{
    AUTO_ARRAY struct db_array *ids = db_array_new();
    *ret = FALSE;
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        if (g_hash_table_contains(desk->retried, &job->id))
            db_array_add_int(ids, job->id);
    }
    if (db_array_length(ids) == 0)
        return TRUE;
    AUTO_ROWS struct db_rows *rows = db_ask_with(desk->db, &sql_message_reached, error, db_array_text(ids), recipient);
    *ret = rows && db_rows_count(rows) > 0;
    return rows != NULL;
}

static gboolean claim_for(struct desk *desk, struct party *party, struct letter_wish *wish, const struct person *person,
                          const GPtrArray *attachments, GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    gboolean had;
    g_autofree char *id = internet_id(desk, wish, person), *subject = NULL;
    g_autofree char *recipient = g_strdup_printf("%s:%s", person->role, person->address);
    if (!has_letter(desk, wish, recipient, &had, error) || had)
        return had;
    g_autoptr(GBytes) letter = write_letter(desk, party, wish, person, attachments, id, &subject, error);
    if (!letter)
        return FALSE;
    g_autofree char *hex = hex_of(letter), *agency = int_text(first->agency), *now = instant_format(party->now);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(desk->db, &sql_message_put, error, agency, desk->room->name, wish->step_id, first->party, recipient,
                    person->address, wish->template, subject, id, hex, process_incarnation(), now);
    if (!rows || (db_rows_count(rows) == 0 && !is_anothers(first, error)) ||
        !insert_steps(desk, wish, recipient, db_int(rows, 0, "message_id"), error))
        return FALSE;
    struct claim *claim = claim_new(wish, id, person, recipient, letter);
    claim->message_id = db_int(rows, 0, "message_id");
    g_ptr_array_add(desk->claimed, claim);
    return TRUE;
}

/* --- tasks */

/* Once a step: with the letter of its rung when that goes, and not again when the letter is tried again. */
static gboolean is_its_time(const struct desk *desk, const struct task_wish *wish)
{
    gboolean is_new = FALSE;
    for (guint i = 0; i < wish->jobs->len; i++) {
        const struct job *job = wish->jobs->pdata[i];
        if (job->step && job->step->template && job->verdict == VERDICT_LATER &&
            strcmp(wish->step_id, job->step_id) == 0)
            return FALSE;
        is_new = is_new || !g_hash_table_contains(desk->retried, &job->id);
    }
    return is_new;
}

static gboolean raise_wish(struct desk *desk, struct party *party, const struct task_wish *wish, GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    if (!is_its_time(desk, wish))
        return TRUE;
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    for (guint i = 0; i < wish->jobs->len; i++)
        db_array_add(subjects, ((struct job *)wish->jobs->pdata[i])->subject);
    g_autofree char *title =
        wish->data ? template_render("title", wish->title, TEMPLATE_TEXT, wish->data, error) : g_strdup(wish->title);
    g_autofree char *file = wish->script ? g_strconcat(wish->script, ".txt.mustache", NULL) : NULL;
    g_autofree char *script = file && title ? desk_render(desk, file, TEMPLATE_TEXT, wish->data, error) : NULL;
    if (!title || (file && !script))
        return FALSE;
    const struct desk_task task = {.agency = first->agency,
                                   .worker = desk->room->name,
                                   .step = wish->step_id,
                                   .party = first->party,
                                   .matter = wish->matter,
                                   .subjects = db_array_text(subjects),
                                   .title = title,
                                   .reason = wish->reason,
                                   .script = script,
                                   .phone = wish->phone,
                                   .role = wish->role,
                                   .priority = wish->priority,
                                   .due_on = wish->due_on,
                                   .now = party->now,
                                   .cycle = first->cycle};
    gint64 id;
    return desk_raise(desk->db, &task, &id, error);
}

#define ADDRESS "an e-mail address"

/* What a person calls the one whom a role means. */
static const char *role_in_words(enum recipient role)
{
    switch (role) {
    case TO_BILLING_CONTACT:
        return "a billing contact";
    case TO_CLINICAL_DIRECTOR:
        return "a clinical director";
    case TO_HR:
        return "an HR contact";
    case TO_COMPLIANCE:
        return "a compliance contact";
    default:
        return ADDRESS;
    }
}

/* Nobody to write to: the jobs end, and a person is told. */
static gboolean nobody_to_write_to(struct desk *desk, struct party *party, const struct letter_wish *wish,
                                   GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    const char *role = wish->to_count ? role_in_words(wish->to[0]) : ADDRESS;
    gboolean is_address = strcmp(role, ADDRESS) == 0;
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    g_autofree char *why = is_address ? g_strdup("there is no usable e-mail address")
                                      : g_strdup_printf("there is no %s with a usable e-mail address, and nobody "
                                                        "who stands in",
                                                        strchr(role, ' ') + 1);
    for (guint i = 0; i < wish->jobs->len; i++) {
        struct job *job = wish->jobs->pdata[i];
        db_array_add(subjects, job->subject);
        job_say(job, VERDICT_NEVER, "%s", why);
    }
    g_autofree char *name = desk_party_name(desk->db, first->agency, first->party);
    g_autofree char *matter =
        desk_contact_matter(first->party, wish->to_count ? recipient_names[wish->to[0]] : "person");
    g_autofree char *title = g_strdup_printf("Find %s for %s", role, name);
    g_autofree char *said = g_strdup_printf("%s letter (%s)", desk->room->name, wish->step_id);
    g_strdelimit(said, "_", ' ');
    g_autofree char *reason =
        g_strdup_printf("No %s went out: %s. Find one and enter it, then call about the open matter: "
                        "this letter is not sent again by itself.",
                        said, why);
    gboolean is_staff = g_str_has_prefix(first->party, "staff:");
    const struct desk_task task = {.agency = first->agency,
                                   .worker = desk->room->name,
                                   .step = wish->step_id,
                                   .party = first->party,
                                   .matter = matter,
                                   .subjects = db_array_text(subjects),
                                   .title = title,
                                   .reason = reason,
                                   .phone = is_staff ? NULL : db_text(first->rows, first->row, "phone"),
                                   .role = is_staff ? "va_lead" : "va",
                                   .priority = "high",
                                   .due_on = bizcal_next(desk->schedule->calendar, party->today),
                                   .now = party->now};
    gint64 id;
    return desk_raise(desk->db, &task, &id, error);
}

/* A letter never goes without its attachments: it waits for the next business day, and a person is told. */
static gboolean document_is_missing(struct desk *desk, struct party *party, const struct letter_wish *wish,
                                    const char *id, const char *why, GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    AUTO_ARRAY struct db_array *subjects = db_array_new();
    for (guint i = 0; i < wish->jobs->len; i++)
        db_array_add(subjects, ((struct job *)wish->jobs->pdata[i])->subject);
    instant again = zone_at(desk->schedule->zone, bizcal_next(desk->schedule->calendar, party->today + 1), 0);
    g_autofree char *waits = g_strdup_printf("document %s %s", id, why);
    postpone_all(wish, again, waits);
    g_autofree char *matter = g_strdup_printf("document %s", id), *title = g_strdup_printf("Document %s %s", id, why);
    g_autofree char *reason =
        g_strdup_printf("The %s letter is not sent without it. tickler document add FILE --id %s", wish->step_id, id);
    const struct desk_task task = {.agency = first->agency,
                                   .worker = desk->room->name,
                                   .step = "document",
                                   .party = first->party,
                                   .matter = matter,
                                   .subjects = db_array_text(subjects),
                                   .title = title,
                                   .reason = reason,
                                   .role = "va",
                                   .priority = "high",
                                   .due_on = bizcal_next(desk->schedule->calendar, party->today),
                                   .now = party->now};
    gint64 ignored;
    return desk_raise(desk->db, &task, &ignored, error);
}

/* The attachments of a wish; *ret_good is FALSE when one is missing or altered, and the wish is postponed. */
static gboolean attach(struct desk *desk, struct party *party, const struct letter_wish *wish, GPtrArray *ret,
                       gboolean *ret_good, GError **error)
{
    gsize total = 0;
    *ret_good = TRUE;
    for (gsize i = 0; wish->documents && i < js_length(wish->documents); i++) {
        const struct js *one = js_at(wish->documents, i);
        struct attachment *attachment;
        const char *why = document_read(desk->process.dir, one, &attachment);
        if (!why && (total += g_bytes_get_size(attachment->bytes)) > LETTER_MAX) {
            why = "makes its letter larger than relays take";
            document_free(attachment);
        }
        if (why) {
            *ret_good = FALSE;
            return document_is_missing(desk, party, wish, js_get_text(one, "id"), why, error);
        }
        g_ptr_array_add(ret, attachment);
    }
    return TRUE;
}

static gboolean claim_wish(struct desk *desk, struct party *party, struct letter_wish *wish, GError **error)
{
    struct addressing to = {0};
    const struct job *first = wish->jobs->pdata[0];
    g_autoptr(GPtrArray) attachments = g_ptr_array_new_with_free_func(document_free);
    gboolean now = FALSE, complete = FALSE, good = find_people(desk, first, wish, &to, error);
    if (good && to.count == 0)
        good = nobody_to_write_to(desk, party, wish, error);
    else if (good && (good = attach(desk, party, wish, attachments, &complete, error)) && complete)
        good = timely(desk, party, wish, &to, &now, error);
    for (int i = 0; good && now && i < to.count; i++)
        good = claim_for(desk, party, wish, &to.people[i], attachments, error);
    db_rows_free(&to.rows);
    return good;
}

/* A web hook can be asked again under the same key, so its claim needs no row: the job itself stays until it is done.
 */
static void claim_hook(struct desk *desk, const struct hook_wish *wish)
{
    struct claim *claim = g_new0(struct claim, 1);
    char *body = js_print(wish->body);
    *claim = (struct claim){.agency = wish->job->agency,
                            .is_hook = TRUE,
                            .internet_id = g_strdup(wish->id),
                            .address = g_strdup(""),
                            .recipient = g_strdup("webhook"),
                            .party = g_strdup(wish->job->party),
                            .subjects = g_strdup(wish->job->subject),
                            .letter = g_bytes_new_take(body, strlen(body)),
                            .tries = wish->job->tries,
                            .claimed_mono = clock_mono()};
    claim->job_ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_array_append_val(claim->job_ids, wish->job->id);
    g_ptr_array_add(desk->claimed, claim);
}

gboolean outbox_claim(struct desk *desk, struct party *party, GError **error)
{
    gboolean good = TRUE;
    for (guint i = 0; good && i < party->letters->len; i++)
        good = claim_wish(desk, party, party->letters->pdata[i], error);
    for (guint i = 0; good && i < party->hooks->len; i++)
        claim_hook(desk, party->hooks->pdata[i]);
    for (guint i = 0; good && i < party->tasks->len; i++)
        good = raise_wish(desk, party, party->tasks->pdata[i], error);
    return good;
}
