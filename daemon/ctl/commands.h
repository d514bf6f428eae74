/* commands.h: the command table of tickler. One row a command; main.c reads it in a loop. */
#pragma once

#include "config.h"
#include "db.h"
#include "js.h"

/* What a command works on: opened as far as the command asked (enum needs). */
struct office {
    char *dir, *config_dir;
    struct config *config;
    struct db *db;
    char *agency_ext; /* --agency, or NULL */
    int agency;       /* the agency chosen: the only one, or --agency */
    char *actor;      /* "admin:root", or "staff:VA-1" with --as */
    gboolean json;
};

enum needs { NEEDS_NOTHING, NEEDS_CONFIG, NEEDS_DATABASE, NEEDS_AGENCY };

struct command {
    const char *name;
    const char *words; /* "ID [done --outcome O]" */
    const char *summary;
    const char *example;
    enum needs needs;
    /* Answers 0 or 1; a usage error calls usage_error. argv[0] is the command's name. */
    int (*run)(struct office *office, int argc, char **argv);
};

extern const struct command commands[];

/* --- shared helpers (office.c) */

G_NORETURN void usage_error(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints "tickler: sentence" and answers 1. */
int refuse(const char *format, ...) PRINTF_LIKE(1, 2);
int refuse_error(GError *error);
/* Whether the answer about one record (NULL: `error`) has a row; else it says why not. */
MUST_CHECK gboolean was_found(const struct db_rows *rows, const char *kind, const char *id, GError *error);

/* Parses `entries` out of argv; what is left are the command's words (argv[0] stays its name). */
void take_options(int *argc, char ***argv, GOptionEntry *entries);

/* Opens the database under a role and fills office->db; FALSE when it said why. */
MUST_CHECK gboolean office_open_database(struct office *office, const char *role);
MUST_CHECK gboolean office_choose_agency(struct office *office);
char *office_agency_text(const struct office *office);
char *now_text(void);

/* Prints rows: a line of JSON each with --json, else a table, else `when_empty`. Columns named like "x:int" lose the
 * suffix and become numbers, "x:json" nested values, "x:list" lists of words. */
void print_rows(const struct office *office, const struct db_rows *rows, const char *when_empty);

day parse_day_option(const char *option, const char *text);
/* The day it is for the agency; ends the command when that cannot be asked. */
day office_today(struct office *office);
/* Tells the scheduler that something changed. */
void office_notify(struct office *office);
