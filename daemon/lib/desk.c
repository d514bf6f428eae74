/* Tasks and events: one statement each, in the caller's transaction. */
#include "desk.h"

#include <string.h>

#include "crypto.h"
#include "js.h"
#include "libtickler_sql.h"

gboolean desk_event(struct db *db, int agency, instant at, const char *actor, const char *kind, const char *about,
                    const char *detail, GError **error)
{
    AUTO_ARRAY struct db_array *kinds = db_array_new(), *abouts = db_array_new(), *details = db_array_new();
    g_autofree char *number = g_strdup_printf("%d", agency), *when = instant_format(at);
    db_array_add(kinds, kind);
    db_array_add(abouts, about);
    db_array_add(details, detail);
    return db_tell(db, &sql_append_events, error, number, when, actor, db_array_text(kinds), db_array_text(abouts),
                   db_array_text(details)) >= 0;
}

gboolean desk_raise(struct db *db, const struct desk_task *task, gint64 *ret_id, GError **error)
{
    g_autofree char *agency = g_strdup_printf("%d", task->agency), *due_on = day_format(task->due_on);
    g_autofree char *now = instant_format(task->now), *cycle = task->cycle ? day_format(task->cycle) : NULL;
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(db, &sql_raise_task, error, agency, task->worker, task->step, task->party, task->matter,
                    task->subjects, task->title, task->reason, task->script, task->phone, task->role, task->priority,
                    due_on, now, cycle);
    if (!rows)
        return FALSE;
    *ret_id = 0;
    if (db_rows_count(rows) == 0)
        return TRUE;
    gint64 touched = db_int(rows, 0, "task_id");
    gboolean lifted = db_bool(rows, 0, "lifted");
    *ret_id = lifted ? 0 : touched;
    g_autofree char *about = g_strdup_printf("task:%" G_GINT64_FORMAT, touched);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "party", task->party);
    js_set_text(detail, "matter", task->matter);
    js_set_text(detail, "step", task->step);
    js_set_text(detail, "reason", task->reason);
    g_autofree char *text = js_print(detail);
    return desk_event(db, task->agency, task->now, task->worker, lifted ? "task.lifted" : "task.created", about, text,
                      error);
}

gboolean desk_withdraw(struct db *db, int agency, gint64 task, const char *actor, const char *reason, instant now,
                       GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency), *id = g_strdup_printf("%" G_GINT64_FORMAT, task);
    g_autofree char *at = instant_format(now), *about = g_strdup_printf("task:%s", id);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "reason", reason);
    g_autofree char *text = js_print(detail);
    gint64 touched = db_tell(db, &sql_task_withdraw, error, number, id, reason, at);
    return touched == 0 || (touched > 0 && desk_event(db, agency, now, actor, "task.withdrawn", about, text, error));
}

char *desk_party_name(struct db *db, int agency, const char *party)
{
    g_autofree char *number = g_strdup_printf("%d", agency);
    AUTO_ROWS struct db_rows *rows = db_ask_with(db, &sql_party_name, NULL, number, party);
    return g_strdup(rows && db_rows_count(rows) ? db_text(rows, 0, "name") : party);
}

char *desk_contact_matter(const char *party, const char *role)
{
    return g_strdup_printf("contact %s %s", party, strcmp(role, "billing_contact") == 0 ? "billing" : role);
}

gboolean desk_suppression_event(struct db *db, int agency, instant at, const char *actor, const char *kind,
                                const char *address, const char *reason, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(address, -1), *digest = crypto_sha256_hex(lower, strlen(lower));
    g_autofree char *about = g_strdup_printf("address:%.16s", digest);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "reason", reason);
    g_autofree char *text = js_print(detail);
    return desk_event(db, agency, at, actor, kind, about, text, error);
}

char *desk_without_address(const char *words, const char *address)
{
    if (!*address) /* a web hook's */
        return g_strdup(words);
    g_autofree char *escaped = g_regex_escape_string(address, -1);
    g_autoptr(GRegex) regex = g_regex_new(escaped, G_REGEX_CASELESS, 0, NULL);
    char *clean = regex ? g_regex_replace_literal(regex, words, -1, 0, "(the address)", 0, NULL) : NULL;
    return clean ? clean : g_strdup("no reason that can be shown");
}

static gboolean suppress(struct db *db, const struct desk_bounce *bounce, const char *address, const char *words,
                         GError **error)
{
    g_autofree char *agency = g_strdup_printf("%d", bounce->agency), *now = instant_format(clock_now());
    gint64 touched = db_tell(db, &sql_suppress, error, agency, address, words, now, bounce->actor);
    return touched == 0 || (touched > 0 && desk_suppression_event(db, bounce->agency, clock_now(), bounce->actor,
                                                                  "address.suppressed", address, words, error));
}

static gboolean raise_mending(struct db *db, const struct desk_bounce *bounce, const struct db_rows *letter,
                              const char *words, GError **error)
{
    const char *party = db_text(letter, 0, "party"), *role = db_text(letter, 0, "role");
    const char *address = db_text(letter, 0, "address");
    g_autofree char *name = desk_party_name(db, bounce->agency, party), *matter = desk_contact_matter(party, role);
    g_autofree char *title =
        g_strdup_printf(bounce->keep_address ? "A letter to %s did not arrive" : "Mend the mail address of %s", name);
    g_autofree char *reason = g_strdup_printf("Letter %" G_GINT64_FORMAT " (\"%s\") did not reach its reader: %s",
                                              bounce->message_id, db_text(letter, 0, "subject_line"), words);
    g_autofree char *script = g_strdup_printf(
        bounce->keep_address
            ? "The letter went to %s and was given up on the way; the address may be good.\n"
              "Call %s: tell them what the letter said (tickler message %" G_GINT64_FORMAT
              "), and ask whether the address "
              "still works. It is not sent again by itself.\n"
            : "Nobody writes to %s any more.\n"
              "Call %s, ask for the right address and enter it in your records; then speak about the open matter "
              "(tickler message %" G_GINT64_FORMAT "): the letter is not sent again by itself. If the address is good "
              "after all: tickler unsuppress ADDRESS.\n",
        address, name, bounce->message_id);
    instant now = clock_now();
    const struct desk_task task = {.agency = bounce->agency,
                                   .worker = db_text(letter, 0, "worker"),
                                   .step = "contact",
                                   .party = party,
                                   .matter = matter,
                                   .subjects = db_text(letter, 0, "subjects"),
                                   .title = title,
                                   .reason = reason,
                                   .script = script,
                                   .phone = db_text(letter, 0, "phone"),
                                   .role = g_str_has_prefix(party, "staff:") ? "va_lead" : "va",
                                   .priority = "high",
                                   .due_on = bizcal_next(bounce->calendar, zone_day(bounce->zone, now)),
                                   .now = now};
    gint64 id;
    return desk_raise(db, &task, &id, error);
}

gboolean desk_bounced(struct db *db, const struct desk_bounce *bounce, GError **error)
{
    g_autofree char *agency = g_strdup_printf("%d", bounce->agency);
    g_autofree char *message = g_strdup_printf("%" G_GINT64_FORMAT, bounce->message_id);
    AUTO_ROWS struct db_rows *letter = db_ask_with(db, &sql_bounced_letter, error, agency, message);
    if (!letter || db_rows_count(letter) == 0)
        return letter != NULL;
    const char *address = db_text(letter, 0, "address");
    g_autofree char *words = desk_without_address(bounce->reason, address);
    return (bounce->keep_address || suppress(db, bounce, address, words, error)) &&
           raise_mending(db, bounce, letter, words, error);
}
