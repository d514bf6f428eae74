/*
 * tickler rehearse, tickler preview: the real processes on a copy of the data under a virtual clock. The copy is a
 * database of its own in the same cluster, the letters are recorded and go nowhere, and both are gone afterwards
 * whatever happens.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands_all.h"
#include "crypto.h"
#include "embedded.h"
#include "migrate.h"
#include "tickler_sql.h"

struct rehearsal {
    struct office *office;
    char *name; /* of the scratch database */
    char *dir;  /* scratch state directory */
    char *owner_url, *app_url;
    struct db *live, *scratch;
    instant from;
    day to;
    const char *schedules;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number UNUSED)
{
    interrupted = 1; /* the stage at work ends, the tree is told to end, and then everything is cleaned up */
}

static void heed_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_interrupt}; /* without SA_RESTART: waiting ends */
    for (gsize i = 0; i < ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that has had enough does not keep us from cleaning up */
}

static const struct zone *first_zone(const struct rehearsal *r)
{
    return ((struct schedule *)r->office->config->schedules->pdata[0])->zone;
}

static gboolean copy_table(struct rehearsal *r, const char *table, const char *columns, GError **error)
{
    g_autofree char *from = g_strdup_printf("COPY (SELECT %s FROM %s ORDER BY 1, 2) TO STDOUT", columns, table);
    g_autofree char *to = g_strdup_printf("COPY %s (%s) FROM STDIN", table, columns);
    return db_copy_across(r->live, from, r->scratch, to, error);
}

static gboolean copy_data(struct rehearsal *r, GError **error)
{
    /* One snapshot; triggers and foreign keys rest, since what they would compute or check is copied. */
    gboolean good = db_run(r->live, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error) &&
                    db_run(r->live, "SET LOCAL statement_timeout = 0", error) &&
                    db_run(r->scratch, "SET session_replication_role = replica", error) &&
                    db_run(r->scratch, "SET statement_timeout = 0", error);
    AUTO_ROWS struct db_rows *tables = good ? db_ask(r->live, &sql_rehearsal_tables, 0, NULL, error) : NULL;
    good = tables != NULL;
    for (int i = 0; good && !interrupted && i < db_rows_count(tables); i++)
        good = copy_table(r, db_text(tables, i, "name"), db_text(tables, i, "columns"), error);
    db_rollback(r->live);
    /* What is being sent just now has arrived, as far as a rehearsal goes: nobody here could be asked. */
    return good && db_run(r->scratch, sql_set_sequences.text, error) &&
           db_run(r->scratch, "UPDATE message SET state = 'sent' WHERE state = 'sending'", error) &&
           db_run(r->scratch, "SET session_replication_role = DEFAULT; ANALYZE", error);
}

/* Copies of rehearsals that were killed; one that is still at work has connections and stays. */
static gboolean drop_leftovers(struct rehearsal *r, GError **error)
{
    AUTO_ROWS struct db_rows *rows = db_ask(r->live, &sql_rehearsal_leftovers, 0, NULL, error);
    for (int i = 0; rows && i < db_rows_count(rows); i++) {
        g_autofree char *drop = g_strdup_printf("DROP DATABASE IF EXISTS %s", db_text(rows, i, "name"));
        (void)!db_run(r->live, drop, NULL);
    }
    return rows != NULL;
}

static gboolean make_scratch(struct rehearsal *r, GError **error)
{
    gboolean embedded = strcmp(r->office->config->settings->postgres_url, "embedded") == 0;
    g_autofree char *live = embedded ? embedded_url(r->office->dir, "ticklerd_owner")
                                     : g_strdup(r->office->config->settings->postgres_owner_url);
    g_autofree char *share = share_dir(), *schema = g_build_filename(share, "schema", NULL), *now = now_text();
    g_autofree char *create = g_strdup_printf("CREATE DATABASE %s", r->name);
    r->live = db_open(live, "tickler rehearse", error);
    if (!r->live || !db_run(r->live, "SET statement_timeout = 0", error) || !drop_leftovers(r, error) ||
        !db_run(r->live, create, error))
        return FALSE;
    /* A later keyword of a libpq string wins. */
    r->owner_url = g_strdup_printf("%s dbname=%s", live, r->name);
    g_autofree char *app =
        embedded ? embedded_url(r->office->dir, "ticklerd_app") : g_strdup(r->office->config->settings->postgres_url);
    r->app_url = g_strdup_printf("%s dbname=%s", app, r->name);
    r->scratch = db_open(r->owner_url, "tickler rehearse", error);
    return r->scratch && migrate_apply(r->scratch, schema, now, error) >= 0 && copy_data(r, error);
}

/* The letters of a rehearsal carry the real documents, and wait for one that is not there as they would. */
static gboolean lend_documents(const struct rehearsal *r, GError **error)
{
    g_autofree char *real = g_build_filename(r->office->dir, "documents", NULL);
    g_autofree char *link = g_build_filename(r->dir, "documents", NULL),
                    *absolute = g_canonicalize_filename(real, NULL);
    if (!g_file_test(real, G_FILE_TEST_IS_DIR) || symlink(absolute, link) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot make %s: %s", link,
                g_strerror(errno));
    return FALSE;
}

static gboolean make_dir(struct rehearsal *r, GError **error)
{
    g_autofree char *template = g_build_filename(g_get_tmp_dir(), "tk-r-XXXXXX", NULL);
    if (!g_mkdtemp(template)) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot make a folder in %s: %s",
                    g_get_tmp_dir(), g_strerror(errno));
        return FALSE;
    }
    r->dir = g_steal_pointer(&template);
    g_autofree char *config = g_build_filename(r->dir, "config", NULL),
                    *clock = g_build_filename(r->dir, "clock", NULL);
    return config_copy(r->schedules ? r->schedules : r->office->config_dir, config, error) &&
           clock_make_file(clock, r->from, error) && lend_documents(r, error);
}

static gboolean run_tree(struct rehearsal *r, GError **error)
{
    g_autofree char *bin = programs_dir(), *program = g_build_filename(bin, "ticklerd", NULL);
    g_autofree char *clock = g_build_filename(r->dir, "clock", NULL), *log = g_build_filename(r->dir, "log", NULL);
    g_autofree char *until = instant_format(zone_at(first_zone(r), r->to + 1, 0) - 1);
    char *argv[] = {program,
                    (char *)"--dir",
                    r->dir,
                    (char *)"--database",
                    r->app_url,
                    (char *)"--redis",
                    (char *)"none",
                    (char *)"--clock",
                    clock,
                    (char *)"--record",
                    (char *)"--until",
                    until,
                    NULL};
    int pid = spawn(argv, log, SIGTERM, error), status = 0;
    if (pid < 0)
        return FALSE;
    do {
        if (interrupted)
            kill(pid, SIGTERM);
    } while (waitpid(pid, &status, 0) < 0 && errno == EINTR);
    if (status == 0 || interrupted)
        return TRUE;
    g_autofree char *words = NULL;
    (void)!g_file_get_contents(log, &words, NULL, NULL);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the rehearsal ended early:\n%s", words ? words : "");
    return FALSE;
}

static void clean_up(struct rehearsal *r)
{
    db_close(&r->scratch);
    if (r->live && !db_is_lost(r->live)) {
        g_autofree char *drop = g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", r->name);
        (void)!db_run(r->live, drop, NULL);
    }
    db_close(&r->live);
    if (r->dir)
        config_remove(r->dir);
    g_free(r->dir);
    g_free(r->name);
    g_free(r->owner_url);
    g_free(r->app_url);
}

/* The effects as the contract's stream, or as a table. */
static void print_stream(const struct rehearsal *r, const struct db_rows *rows)
{
    print_rows(r->office, rows, "nothing would happen in these days");
}

/* Letters and tasks below the day on which they would come. */
static void print_days(const struct rehearsal *r, const struct db_rows *rows)
{
    static const char *const names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    g_autofree char *shown = g_strdup("");
    for (int row = 0; row < db_rows_count(rows); row++) {
        const char *effect = db_text(rows, row, "effect");
        gboolean letter = strcmp(effect, "message") == 0;
        g_autofree char *date = g_strndup(db_text(rows, row, "at"), 10);
        day on;
        if ((!letter && strcmp(effect, "task") != 0) || !day_parse(date, &on))
            continue;
        if (strcmp(date, shown) != 0)
            printf("%s %s\n", date, names[day_weekday(on)]);
        g_free(shown);
        shown = g_strdup(date);
        printf("  %-7s %-20s %-22s %s: %s\n", letter ? "letter" : "task", db_text(rows, row, "worker"),
               db_text(rows, row, "step"), db_text(rows, row, letter ? "party" : "assignee"),
               db_text(rows, row, letter ? "subject_line" : "title"));
    }
    g_autofree char *last = day_format(r->to);
    if (!*shown)
        printf("no letters and no tasks until %s\n", last);
}

typedef void print_effects(const struct rehearsal *r, const struct db_rows *rows);

static gboolean tell(struct rehearsal *r, print_effects *print, GError **error)
{
    g_autofree char *from = instant_format(r->from), *agency = office_agency_text(r->office);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(r->scratch, &sql_effects, error, agency, from, zone_name(first_zone(r)));
    if (rows)
        print(r, rows);
    return rows != NULL;
}

static int rehearse(struct rehearsal *r, print_effects *print)
{
    heed_signals();
    g_autofree char *id = crypto_random_id();
    r->name = g_strdup_printf("rehearsal_%.12s", id);
    g_autoptr(GError) error = NULL;
    gboolean good = make_scratch(r, &error) && !interrupted && make_dir(r, &error) && run_tree(r, &error) &&
                    !interrupted && tell(r, print, &error);
    clean_up(r);
    if (good)
        return 0;
    return error ? refuse_error(error) : refuse("interrupted");
}

int cmd_rehearse(struct office *office, int argc, char **argv)
{
    char *from = NULL, *to = NULL, *schedules = NULL;
    int seed = 1;
    GOptionEntry entries[] = {{"from", 0, 0, G_OPTION_ARG_STRING, &from, NULL, NULL},
                              {"to", 0, 0, G_OPTION_ARG_STRING, &to, NULL, NULL},
                              {"schedules", 0, 0, G_OPTION_ARG_FILENAME, &schedules, NULL, NULL},
                              {"seed", 0, 0, G_OPTION_ARG_INT, &seed, NULL, NULL},
                              {0}};
    take_options(&argc, &argv, entries);
    if (!from || !to || argc != 1)
        usage_error("rehearse needs --from DATE and --to DATE");
    day first = parse_day_option("--from", from);
    struct rehearsal r = {.office = office, .to = parse_day_option("--to", to), .schedules = schedules};
    if (r.to < first)
        usage_error("--to %s is before --from %s", to, from);
    if (office->config->schedules->len == 0)
        return refuse("there is no schedule to rehearse");
    r.from = zone_at(first_zone(&r), first, 0);
    return rehearse(&r, print_stream);
}

/* The coming days if nobody answers and nothing is paid: a rehearsal that begins now. */
int cmd_preview(struct office *office, int argc, char **argv)
{
    int days = 0;
    GOptionEntry entries[] = {{"days", 0, 0, G_OPTION_ARG_INT, &days, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    if (days < 1 || days > 400 || argc != 1)
        usage_error("preview needs --days N, 1 to 400");
    if (office->config->schedules->len == 0)
        return refuse("there is no schedule to rehearse");
    struct rehearsal r = {.office = office, .from = clock_now()};
    r.to = zone_day(first_zone(&r), r.from) + days - 1;
    return rehearse(&r, office->json ? print_stream : print_days);
}
