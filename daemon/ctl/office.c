/* What the commands share: opening, refusing, printing. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "embedded.h"
#include "problems.h"
#include "room.h"
#include "tickler_sql.h"

void usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "tickler: %s; see tickler --help\n", text);
    exit(2);
}

int refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "tickler: %s\n", text);
    return 1;
}

int refuse_error(GError *error)
{
    return refuse("%s", error->message);
}

gboolean was_found(const struct db_rows *rows, const char *kind, const char *id, GError *error)
{
    if (rows && db_rows_count(rows))
        return TRUE;
    if (rows)
        refuse("there is no %s '%s'", kind, id);
    else
        refuse_error(error);
    return FALSE;
}

/* What the options were given lives until the program ends. */
static void keep_values(const GOptionEntry *entries)
{
    static GPtrArray *kept;
    if (!kept)
        kept = g_ptr_array_new();
    for (; entries->long_name; entries++)
        if (entries->arg == G_OPTION_ARG_STRING || entries->arg == G_OPTION_ARG_FILENAME)
            g_ptr_array_add(kept, *(char **)entries->arg_data);
}

void take_options(int *argc, char ***argv, GOptionEntry *entries)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_option_context_parse(context, argc, argv, &error))
        usage_error("%s", error->message);
    keep_values(entries);
}

static const char *owner_of(const char *path)
{
    struct stat st;
    const struct passwd *owner = stat(path, &st) == 0 ? getpwuid(st.st_uid) : NULL;
    return owner ? owner->pw_name : "ticklerd";
}

gboolean office_open_database(struct office *office, const char *role)
{
    g_autoptr(GError) error = NULL;
    const struct settings *settings = office->config->settings;
    gboolean embedded = strcmp(settings->postgres_url, "embedded") == 0;
    gboolean owner = strcmp(role, "ticklerd_owner") == 0;
    g_autofree char *url = embedded ? embedded_url(office->dir, role)
                                    : g_strdup(owner ? settings->postgres_owner_url : settings->postgres_url);
    office->db = db_open(url, "tickler", &error);
    if (office->db)
        return TRUE;
    if (embedded && strstr(error->message, "eer authentication"))
        refuse(
            "the embedded database of %s serves only the user that owns it; put before the command: runuser -u %s --",
            office->dir, owner_of(office->dir));
    else if (embedded && !strstr(error->message, "FATAL")) /* nobody is there */
        refuse("the embedded database of %s does not answer; is ticklerd running? Start it: ticklerd --dir %s",
               office->dir, office->dir);
    else
        refuse_error(error);
    return FALSE;
}

gboolean office_choose_agency(struct office *office)
{
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_agency_choose, &error, office->agency_ext);
    if (!rows) {
        refuse_error(error);
    } else if (db_rows_count(rows) == 1) {
        office->agency = (int)db_int(rows, 0, "agency_id");
        return TRUE;
    } else if (office->agency_ext) {
        refuse("there is no agency '%s'", office->agency_ext);
    } else if (db_rows_count(rows) == 0) {
        refuse("there is no agency yet; make one: tickler --dir %s init --agency NAME --timezone ZONE", office->dir);
    } else {
        refuse("the database holds %d agencies; say which with --agency", db_rows_count(rows));
    }
    return FALSE;
}

char *office_agency_text(const struct office *office)
{
    return g_strdup_printf("%d", office->agency);
}

char *now_text(void)
{
    return instant_format(clock_now());
}

static const char *base_name(const char *column, const char **ret_kind)
{
    static char name[64];
    const char *colon = strchr(column, ':');
    *ret_kind = colon ? colon + 1 : "text";
    g_strlcpy(name, column, sizeof name);
    if (colon)
        name[colon - column] = '\0';
    return name;
}

static void set_typed(struct js *row, const char *column, const char *value)
{
    const char *kind, *name = base_name(column, &kind);
    if (!value)
        return;
    if (strcmp(kind, "int") == 0 || strcmp(kind, "cents") == 0) {
        js_set_int(row, name, g_ascii_strtoll(value, NULL, 10));
    } else if (strcmp(kind, "json") == 0) {
        struct js *nested = js_parse(value, strlen(value), NULL);
        if (nested)
            js_set(row, name, nested);
    } else {
        js_set_text(row, name, value);
    }
}

static void print_json(const struct db_rows *rows)
{
    for (int r = 0; r < db_rows_count(rows); r++) {
        AUTO_JS struct js *row = js_object();
        for (int c = 0; c < db_columns(rows); c++)
            set_typed(row, db_column_name(rows, c), db_cell(rows, r, c));
        g_autofree char *line = js_print(row);
        puts(line);
    }
}

/* What a table shows: ":cents" as an amount, which JSON leaves to its reader. */
static char *shown(const struct db_rows *rows, int row, int column)
{
    const char *kind, *cell = db_cell(rows, row, column);
    (void)base_name(db_column_name(rows, column), &kind);
    return cell && strcmp(kind, "cents") == 0 ? money_format(g_ascii_strtoll(cell, NULL, 10)) : g_strdup(cell);
}

static int width_of(const struct db_rows *rows, int column)
{
    const char *kind;
    glong width = g_utf8_strlen(base_name(db_column_name(rows, column), &kind), -1);
    for (int r = 0; r < db_rows_count(rows); r++) {
        g_autofree char *cell = shown(rows, r, column);
        width = MAX(width, cell ? g_utf8_strlen(cell, -1) : 0);
    }
    return (int)MIN(width, 60);
}

static void print_cell(const char *text, int width, gboolean last)
{
    g_autofree char *line = g_strdelimit(g_strdup(text ? text : ""), "\n\t", ' ');
    int padding = MAX(width - (int)g_utf8_strlen(line, -1), 0);
    printf("%s%*s", line, last ? 0 : padding + 2, "");
}

void print_rows(const struct office *office, const struct db_rows *rows, const char *when_empty)
{
    if (office->json) {
        print_json(rows);
        return;
    }
    if (db_rows_count(rows) == 0) {
        puts(when_empty);
        return;
    }
    int columns = db_columns(rows);
    for (int r = -1; r < db_rows_count(rows); r++) {
        for (int c = 0; c < columns; c++) {
            const char *kind;
            g_autofree char *cell = r < 0 ? g_strdup(base_name(db_column_name(rows, c), &kind)) : shown(rows, r, c);
            print_cell(cell, width_of(rows, c), c == columns - 1);
        }
        putchar('\n');
    }
}

day parse_day_option(const char *option, const char *text)
{
    day d;
    if (!day_parse(text, &d))
        usage_error("%s %s is no date; write YYYY-MM-DD", option, text);
    return d;
}

day office_today(struct office *office)
{
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_agency_zone, &error, agency);
    if (!rows)
        exit(refuse_error(error));
    const char *name = db_rows_count(rows) ? db_text(rows, 0, "timezone") : NULL;
    const struct zone *zone = name ? zone_get(name) : NULL;
    return zone_day(zone ? zone : zone_get("UTC"), clock_now());
}

void office_notify(struct office *office)
{
    (void)!db_run(office->db, "NOTIFY tickler", NULL);
}
