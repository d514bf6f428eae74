/* tickler: the admin's and the VA's command line. One table of commands; a new one is a new row (commands.c). */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "log.h"
#include "problems.h"

static void print_help(void)
{
    puts("tickler [--config FOLDER | --dir DIR] [--agency ID] [--as STAFF] [--json] COMMAND ...\n\nCommands:");
    for (const struct command *command = commands; command->name; command++)
        printf("  %-14s %s\n", command->name, command->summary);
    puts("\ntickler COMMAND --help shows its words and an example. DIR may stand in $TICKLER_DIR.\n"
         "Exit codes: 0 done, 1 refused or failed (the reason is on stderr), 2 usage.");
}

static void print_command_help(const struct command *command)
{
    printf("tickler %s %s\n\n%s.\n\nExample:\n  tickler --dir /var/lib/ticklerd %s\n", command->name, command->words,
           command->summary, command->example);
}

static const struct command *find_command(const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const struct command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
        g_ptr_array_add(names, (gpointer)command->name);
    }
    const char *near = nearest_word(name, (const char *const *)names->pdata, names->len);
    usage_error("there is no command '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                near ? "'?" : "");
}

/* The admin's configuration; while a bad edit lies there, the one in force, so that nobody is locked out by it. */
static gboolean load_config(struct office *office)
{
    struct problems *problems = problems_new(), *ignored = problems_new();
    g_autofree char *in_force = g_build_filename(office->dir, "run", "in_force", NULL);
    office->config = config_load(office->config_dir, office->dir, problems);
    guint wrong = problems_count(problems);
    if (!office->config)
        office->config = config_load(in_force, office->dir, ignored);
    if (wrong && office->config)
        fprintf(stderr, "tickler: %s has %u problems (see tickler check); the configuration in force is used\n",
                office->config_dir, wrong);
    for (guint i = 0; !office->config && i < wrong; i++)
        fprintf(stderr, "%s\n", problems_text(problems, i));
    problems_free(problems);
    problems_free(ignored);
    return office->config != NULL;
}

static gboolean provide(struct office *office, enum needs needs)
{
    if (needs >= NEEDS_CONFIG && !load_config(office)) {
        refuse("the configuration in %s has problems; mend them, or make a new one with tickler init",
               office->config_dir);
        return FALSE;
    }
    return (needs < NEEDS_DATABASE || office_open_database(office, "ticklerd_app")) &&
           (needs < NEEDS_AGENCY || office_choose_agency(office));
}

/* The first word that is no option of tickler's own begins the command. */
static int take_global_options(struct office *office, int argc, char **argv, char **ret_as)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        char **into = strcmp(argv[at], "--dir") == 0      ? &office->dir
                      : strcmp(argv[at], "--config") == 0 ? &office->config_dir
                      : strcmp(argv[at], "--agency") == 0 ? &office->agency_ext
                      : strcmp(argv[at], "--as") == 0     ? ret_as
                                                          : NULL;
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            print_help();
            exit(0);
        }
        if (strcmp(argv[at], "--version") == 0) {
            printf("tickler %s\n", TICKLER_VERSION);
            exit(0);
        }
        if (strcmp(argv[at], "--json") == 0) {
            office->json = TRUE;
            continue;
        }
        if (!into || at + 1 >= argc)
            usage_error(into ? "%s needs a value" : "unknown option %s", argv[at]);
        *into = argv[++at];
    }
    return at;
}

/* --json and --help may stand anywhere behind the command. */
static int take_common_words(struct office *office, const struct command *command, int argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_command_help(command);
            exit(0);
        }
        if (i > 0 && strcmp(argv[i], "--json") == 0)
            office->json = TRUE;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

/* A full disk or a closed pipe must not look like an empty answer. */
static gboolean all_was_said(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}

int main(int argc, char **argv)
{
    struct office office = {0};
    char *as = NULL;
    setlocale(LC_CTYPE, "C.UTF-8");
    log_open("tickler");
    int at = take_global_options(&office, argc, argv, &as);
    if (at >= argc) {
        print_help();
        return 2;
    }
    const struct command *command = find_command(argv[at]);
    int words = take_common_words(&office, command, argc - at, argv + at);
    g_autofree char *default_config = NULL;
    if (!office.dir)
        office.dir = (char *)g_getenv("TICKLER_DIR");
    if (!office.dir && command->needs > NEEDS_NOTHING)
        usage_error("say where the office is: --dir DIR (or $TICKLER_DIR)");
    if (!office.dir)
        office.dir = (char *)".";
    g_autofree char *absolute = g_canonicalize_filename(office.dir, NULL);
    office.dir = absolute;
    if (!office.config_dir)
        office.config_dir = default_config = g_build_filename(office.dir, "config", NULL);
    g_autofree char *actor = as ? g_strdup_printf("staff:%s", as) : g_strdup_printf("admin:%s", g_get_user_name());
    office.actor = actor;
    int code = provide(&office, command->needs) ? command->run(&office, words, argv + at) : 1;
    db_close(&office.db);
    config_free(office.config);
    return all_was_said() ? code : refuse("the answer could not be written to standard output");
}
