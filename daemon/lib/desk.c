/* Tasks and events: one statement each, in the caller's transaction. */
#include "desk.h"

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
    *ret_id = db_rows_count(rows) ? db_int(rows, 0, "task_id") : 0;
    if (!*ret_id)
        return TRUE;
    g_autofree char *about = g_strdup_printf("task:%" G_GINT64_FORMAT, *ret_id);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "party", task->party);
    js_set_text(detail, "matter", task->matter);
    js_set_text(detail, "step", task->step);
    js_set_text(detail, "reason", task->reason);
    g_autofree char *text = js_print(detail);
    return desk_event(db, task->agency, task->now, task->worker, "task.created", about, text, error);
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
