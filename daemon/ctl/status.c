/* status: what runs, what waits, what is next; also when the daemon is down. */
#include <stdio.h>
#include <string.h>

#include "commands_all.h"
#include "control.h"
#include "tickler_sql.h"

static void print_processes(const struct js *processes)
{
    for (gsize i = 0; i < js_length(processes); i++) {
        const struct js *row = js_at(processes, i);
        printf("  %-24s %-9s", js_get_text(row, "process"), js_get_text(row, "state"));
        if (js_get(row, "pid"))
            printf(" process %" G_GINT64_FORMAT ", up %" G_GINT64_FORMAT " s", js_get_int(row, "pid", 0),
                   js_get_int(row, "up_s", 0));
        printf("%s%s\n", js_get_int(row, "starts", 0) > 1 ? ", started again " : "",
               js_get_int(row, "starts", 0) > 1 ? "after an end" : "");
        if (js_get_text(row, "trouble"))
            printf("    waiting for Postgres: %s\n", js_get_text(row, "trouble"));
    }
}

static void print_daemon(const struct js *daemon)
{
    printf("daemon: %s\n", !daemon ? "not running" : js_get_bool(daemon, "ready") ? "ready" : "starting");
    if (daemon)
        print_processes(js_get(daemon, "processes"));
}

static struct js *next_runs(const struct office *office)
{
    struct js *next = js_array();
    for (guint i = 0; i < office->config->schedules->len; i++) {
        const struct schedule *schedule = office->config->schedules->pdata[i];
        struct js *row = js_object();
        g_autofree char *at = zone_format(schedule->zone, cron_next(schedule->run, schedule->zone, clock_now()));
        js_set_text(row, "worker", schedule->worker);
        js_set_text(row, "next", at);
        js_add(next, row);
    }
    return next;
}

static int print_json(const struct js *daemon, const struct db_rows *rows, const struct js *next)
{
    AUTO_JS struct js *all = js_object();
    js_set(all, "daemon", daemon ? js_ref((struct js *)daemon) : js_object());
    for (int c = 0; c < db_columns(rows); c++) {
        const char *cell = db_cell(rows, 0, c);
        struct js *value = cell ? js_parse(cell, strlen(cell), NULL) : NULL;
        js_set(all, db_column_name(rows, c), value ? value : js_array());
    }
    js_set(all, "next", js_ref((struct js *)next));
    g_autofree char *line = js_print(all);
    puts(line);
    return 0;
}

static void print_item(const struct js *item)
{
    printf(" ");
    for (void *at = js_first(item); at; at = js_next(item, at)) {
        const struct js *value = js_value(at);
        if (js_kind(value) == JS_TEXT)
            printf(" %s", js_text(value));
        else if (js_kind(value) == JS_INT)
            printf(" %s %" G_GINT64_FORMAT, js_key(at), js_int(value));
    }
    putchar('\n');
}

static void print_parts(const struct db_rows *rows)
{
    static const struct {
        const char *column, *title;
    } parts[] = {{"queues", "queue"},     {"runs", "last runs"},  {"data", "data"},
                 {"tasks", "open tasks"}, {"letters", "letters"}, {"returned", "mail that came back"}};
    for (gsize i = 0; i < ARRAY_LEN(parts); i++) {
        const char *json = db_text(rows, 0, parts[i].column);
        AUTO_JS struct js *list = json ? js_parse(json, strlen(json), NULL) : NULL;
        printf("%s:%s\n", parts[i].title, list && js_length(list) ? "" : " none");
        for (gsize k = 0; list && k < js_length(list); k++)
            print_item(js_at(list, k));
    }
}

int cmd_status(struct office *office, int argc UNUSED, char **argv UNUSED)
{
    AUTO_JS struct js *reply = control_ask(office->dir, "status", 2000);
    const struct js *daemon = reply ? js_get(reply, "status") : NULL;
    if (!office->json)
        print_daemon(daemon); /* also when the database does not answer */
    if (!office_open_database(office, "ticklerd_app"))
        return 1;
    g_autoptr(GError) error = NULL;
    g_autofree char *now = now_text();
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_status, &error, now);
    if (!rows)
        return refuse_error(error);
    AUTO_JS struct js *next = next_runs(office);
    if (office->json)
        return print_json(daemon, rows, next);
    print_parts(rows);
    puts("next:");
    for (gsize i = 0; i < js_length(next); i++)
        printf("  %s %s\n", js_get_text(js_at(next, i), "worker"), js_get_text(js_at(next, i), "next"));
    return 0;
}
