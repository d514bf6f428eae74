/* What people are told: the tasks that a room wishes for, a role without an address, a document that cannot go. */
#include <string.h>

#include "desk.h"
#include "document.h"
#include "libtickler_sql.h"
#include "room_shared.h"

#define LETTER_MAX (18 * 1024 * 1024) /* of attachments together: base64 makes 24 MB of it, and most relays take 25 */

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

static struct db_array *subjects_of(const GPtrArray *jobs)
{
    struct db_array *subjects = db_array_new();
    for (guint i = 0; i < jobs->len; i++)
        db_array_add(subjects, ((const struct job *)jobs->pdata[i])->subject);
    return subjects;
}

gboolean outbox_raise_task(struct desk *desk, struct party *party, const struct task_wish *wish, GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    if (!is_its_time(desk, wish))
        return TRUE;
    AUTO_ARRAY struct db_array *subjects = subjects_of(wish->jobs);
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
gboolean outbox_nobody_task(struct desk *desk, struct party *party, const struct letter_wish *wish, GError **error)
{
    const struct job *first = wish->jobs->pdata[0];
    const char *role = wish->to_count ? role_in_words(wish->to[0]) : ADDRESS;
    gboolean is_address = strcmp(role, ADDRESS) == 0;
    AUTO_ARRAY struct db_array *subjects = subjects_of(wish->jobs);
    g_autofree char *why = is_address ? g_strdup("there is no usable e-mail address")
                                      : g_strdup_printf("there is no %s with a usable e-mail address, and nobody "
                                                        "who stands in",
                                                        strchr(role, ' ') + 1);
    for (guint i = 0; i < wish->jobs->len; i++)
        job_say(wish->jobs->pdata[i], VERDICT_NEVER, "%s", why);
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
    AUTO_ARRAY struct db_array *subjects = subjects_of(wish->jobs);
    instant again = zone_at(desk->schedule->zone, bizcal_next(desk->schedule->calendar, party->today + 1), 0);
    g_autofree char *waits = g_strdup_printf("document %s %s", id, why);
    outbox_postpone_all(wish, again, waits);
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
gboolean outbox_attach(struct desk *desk, struct party *party, const struct letter_wish *wish, GPtrArray *ret,
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
