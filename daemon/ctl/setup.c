/* init, migrate, check, reload: the office before and around the daemon. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands_all.h"
#include "control.h"
#include "desk.h"
#include "embedded.h"
#include "letter.h"
#include "migrate.h"
#include "plan.h"
#include "problems.h"
#include "tickler_sql.h"

/* --- an embedded server for a moment, when the daemon does not run */

static gboolean daemon_runs(const struct office *office)
{
    AUTO_JS struct js *reply = control_ask(office->dir, "status", 1000);
    return reply != NULL;
}

static int start_postgres(const struct office *office, GError **error)
{
    if (!embedded_prepare(office->dir, error))
        return -1;
    g_auto(GStrv) argv = embedded_postgres_argv(office->dir, error);
    g_autofree char *log = g_build_filename(office->dir, "run", "postgres.log", NULL);
    return argv ? spawn(argv, log, SIGINT, error) : -1;
}

static void stop_postgres(int pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGINT);
    waitpid(pid, NULL, 0);
}

/* Connects as the owner, waiting for a server that is starting; makes the database when there is none. */
static struct db *open_as_owner(const struct office *office, GError **error)
{
    gboolean embedded = strcmp(office->config->settings->postgres_url, "embedded") == 0;
    g_autofree char *url =
        embedded ? embedded_url(office->dir, "ticklerd_owner") : g_strdup(office->config->settings->postgres_owner_url);
    for (int tries = 0; tries < 300; tries++) {
        g_clear_error(error);
        struct db *db = db_open(url, "tickler migrate", error);
        if (db)
            return db;
        if (embedded && strstr((*error)->message, "does not exist")) {
            g_autofree char *maintenance =
                g_strdup_printf("host='%s/run/postgres' dbname=postgres user=ticklerd_owner", office->dir);
            AUTO_DB struct db *first = db_open(maintenance, "tickler migrate", NULL);
            if (first && !db_run(first, "CREATE DATABASE ticklerd", error))
                return NULL;
            continue;
        }
        g_usleep(100000);
    }
    return NULL;
}

static int migrate(struct db *db, GError **error)
{
    g_autofree char *share = share_dir(), *schema = g_build_filename(share, "schema", NULL), *now = now_text();
    return migrate_apply(db, schema, now, error);
}

static int show_migrations(struct db *db)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *share = share_dir(), *schema = g_build_filename(share, "schema", NULL);
    g_autoptr(GPtrArray) list = migrate_list(db, schema, &error);
    if (!list)
        return refuse_error(error);
    for (guint i = 0; i < list->len; i++) {
        const struct migration *migration = list->pdata[i];
        printf("%s  %s\n", migration->applied ? "applied" : "missing", migration->name);
    }
    return 0;
}

int cmd_migrate(struct office *office, int argc, char **argv)
{
    gboolean status = FALSE, wait = FALSE;
    GOptionEntry entries[] = {{"status", 0, 0, G_OPTION_ARG_NONE, &status, NULL, NULL},
                              {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    g_autoptr(GError) error = NULL;
    AUTO_DB struct db *db = NULL;
    if (wait || daemon_runs(office) || strcmp(office->config->settings->postgres_url, "embedded") != 0)
        db = open_as_owner(office, &error);
    else
        return refuse("the embedded database migrates when ticklerd starts: ticklerd --dir %s", office->dir);
    if (!db)
        return refuse_error(error);
    if (status)
        return show_migrations(db);
    int applied = migrate(db, &error);
    if (applied < 0)
        return refuse_error(error);
    if (!wait || applied)
        printf("%d schema files applied\n", applied);
    return 0;
}

/* --- init */

struct person {
    char *name, *email;
};

static gboolean take_person(const char *text, struct person *ret)
{
    const char *colon = text ? strrchr(text, ':') : NULL, *why;
    if (!text)
        return TRUE;
    if (!colon || colon == text || !letter_address_ok(colon + 1, &why)) {
        refuse("'%s' is no person; write NAME:EMAIL", text);
        return FALSE;
    }
    *ret = (struct person){.name = g_strndup(text, (gsize)(colon - text)), .email = g_strdup(colon + 1)};
    return TRUE;
}

static void person_clear(struct person *person)
{
    g_free(person->name);
    g_free(person->email);
}

static gboolean put_staff(struct db *db, int agency, const char *ext_id, const struct person *person, const char *role,
                          GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", agency);
    return !person->name || db_tell(db, &sql_staff_put, error, number, ext_id, person->name, person->email, role) >= 0;
}

static gboolean put_agency(struct office *office, struct db *db, const char *name, const char *zone,
                           const struct person *va, const struct person *leader, GError **error)
{
    AUTO_ROWS struct db_rows *rows = db_ask_with(db, &sql_agency_put, error, "A-1", name, zone);
    if (!rows)
        return FALSE;
    if (db_rows_count(rows) == 0) {
        printf("the agency is already there\n");
        return TRUE;
    }
    int agency = (int)db_int(rows, 0, "agency_id");
    return put_staff(db, agency, "VA-1", va, "va", error) &&
           put_staff(db, agency, "L-1", leader, "leadership", error) &&
           desk_event(db, agency, clock_now(), office->actor, "agency.created", "agency:A-1", "{}", error);
}

static gboolean init_database(struct office *office, const char *name, const char *zone, const struct person *va,
                              const struct person *leader, GError **error)
{
    AUTO_DB struct db *db = open_as_owner(office, error);
    if (!db || migrate(db, error) < 0)
        return FALSE;
    if (db_begin(db, error) && put_agency(office, db, name, zone, va, leader, error) && db_commit(db, error))
        return db_run(db, "NOTIFY tickler", error);
    db_rollback(db);
    return FALSE;
}

static gboolean make_config(struct office *office, GError **error)
{
    g_autofree char *share = share_dir(), *file = g_build_filename(office->config_dir, "ticklerd.yaml", NULL);
    if (g_file_test(file, G_FILE_TEST_EXISTS))
        return TRUE;
    if (g_mkdir_with_parents(office->dir, 0700) == 0)
        return config_copy(share, office->config_dir, error);
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot make %s: %s", office->dir,
                g_strerror(errno));
    return FALSE;
}

int cmd_init(struct office *office, int argc, char **argv)
{
    char *name = NULL, *zone = NULL, *va_text = NULL, *leader_text = NULL;
    GOptionEntry entries[] = {{"agency", 0, 0, G_OPTION_ARG_STRING, &name, NULL, NULL},
                              {"timezone", 0, 0, G_OPTION_ARG_STRING, &zone, NULL, NULL},
                              {"va", 0, 0, G_OPTION_ARG_STRING, &va_text, NULL, NULL},
                              {"leadership", 0, 0, G_OPTION_ARG_STRING, &leader_text, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    if (!name || !zone)
        usage_error("init needs --agency NAME and --timezone ZONE");
    if (!zone_get(zone))
        return refuse("'%s' is no time zone; write an IANA name like America/Chicago", zone);
    __attribute__((cleanup(person_clear))) struct person va = {0}, leader = {0};
    if (!take_person(va_text, &va) || !take_person(leader_text, &leader))
        return 1;
    g_autoptr(GError) error = NULL;
    if (!make_config(office, &error))
        return refuse_error(error);
    struct problems *problems = problems_new();
    office->config = config_load(office->config_dir, office->dir, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        fprintf(stderr, "%s\n", problems_text(problems, i));
    problems_free(problems);
    if (!office->config)
        return refuse("the configuration has problems; mend them first");
    gboolean own = strcmp(office->config->settings->postgres_url, "embedded") == 0 && !daemon_runs(office);
    int postgres = own ? start_postgres(office, &error) : 0;
    gboolean good = postgres >= 0 && init_database(office, name, zone, &va, &leader, &error);
    stop_postgres(postgres);
    if (!good)
        return refuse_error(error);
    printf("%s is ready. Next: ticklerd --dir %s\n", office->dir, office->dir);
    return 0;
}

/* --- check, reload */

static gboolean print_effects(struct office *office, const struct config *running, const struct config *edited,
                              GError **error)
{
    static const char *const names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    day today = office_today(office);
    gboolean any = FALSE;
    for (guint i = 0; i < edited->schedules->len; i++) {
        const struct schedule *after = edited->schedules->pdata[i], *before = config_schedule(running, after->worker);
        const struct room_row *room = rooms_find(after->worker);
        for (day d = today; room && before && d < today + 7; d++) {
            AUTO_ROWS struct db_rows *old = plan_due(office->db, room, before, office->agency, d, error);
            AUTO_ROWS struct db_rows *new = old ? plan_due(office->db, room, after, office->agency, d, error) : NULL;
            if (!new)
                return FALSE;
            int change = db_rows_count(new) - db_rows_count(old);
            g_autofree char *date = day_format(d);
            any = any || change;
            if (change)
                printf("%s: %d %s steps due on %s %s\n", after->worker, ABS(change), change > 0 ? "more" : "fewer",
                       names[day_weekday(d)], date);
        }
    }
    if (!any)
        puts("nothing changes in the next seven days");
    return TRUE;
}

static int check_effects(struct office *office)
{
    struct problems *problems = problems_new();
    g_autofree char *in_force = g_build_filename(office->dir, "run", "in_force", NULL);
    struct config *running = config_load(in_force, office->dir, problems);
    problems_free(problems);
    if (!running)
        return refuse("there is no configuration in force to compare with; is ticklerd running?");
    int code = 1;
    g_autoptr(GError) error = NULL;
    if (office_open_database(office, "ticklerd_app") && office_choose_agency(office))
        code = print_effects(office, running, office->config, &error) ? 0 : refuse_error(error);
    config_free(running);
    return code;
}

int cmd_check(struct office *office, int argc, char **argv)
{
    gboolean effects = FALSE;
    GOptionEntry entries[] = {{"effects", 0, 0, G_OPTION_ARG_NONE, &effects, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    struct problems *problems = problems_new();
    office->config = config_load(argc > 1 ? argv[1] : office->config_dir, office->dir, problems);
    guint n = problems_count(problems);
    for (guint i = 0; i < n; i++)
        fprintf(stderr, "%s\n", problems_text(problems, i));
    problems_free(problems);
    if (n)
        return refuse("%u problem%s", n, n == 1 ? "" : "s");
    puts("no problems");
    return effects ? check_effects(office) : 0;
}

int cmd_reload(struct office *office, int argc UNUSED, char **argv UNUSED)
{
    AUTO_JS struct js *reply = control_ask(office->dir, "reload", 20000);
    if (!reply)
        return refuse("no ticklerd answers at %s", office->dir);
    const struct js *problems = js_get(reply, "problems");
    for (gsize i = 0; i < js_length(problems); i++)
        fprintf(stderr, "%s\n", js_text(js_at(problems, i)));
    if (!js_get_bool(reply, "good"))
        return refuse("not reloaded: the running configuration stays in force");
    puts("reloaded");
    return 0;
}
