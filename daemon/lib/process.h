/*
 * process.h: what every daemon process is told on its command line, and how it is named.
 *
 *   --dir DIR  --config FOLDER  --database URL  --redis SOCKET|none  --clock FILE  --record
 */
#pragma once

#include <glib.h>

#include "attr.h"

struct process {
    char *dir;        /* the state directory */
    char *config_dir; /* RUN/in_force for the supervisor's children */
    char *database;   /* libpq connection string */
    char *redis;      /* socket path, or NULL for "none" */
    char *clock;      /* virtual clock file, or NULL */
    gboolean record;  /* letters are recorded as sent and go nowhere: a rehearsal */
};

/* Parses the options above plus `extra` (NULL or a GOptionEntry list ended by an empty one). Prints usage and exits 2
 * for a bad line, --help and --version exit 0. Opens the log, ignores SIGPIPE, blocks the loop's signals, maps the
 * clock. */
void process_start(int *argc, char ***argv, const char *summary, GOptionEntry *extra, struct process *ret);

/* Asks the kernel for SIGTERM when the parent dies: for the supervisor's children. */
void process_follow_parent(void);

/* Whether SIGTERM or SIGINT waits for the loop: for those who wait elsewhere. */
gboolean process_should_stop(void);

/* "host/pid/starttime": who this process is, such that process_is_alive can tell. Lives for ever. */
const char *process_incarnation(void);

/* Whether that incarnation runs on this host; TRUE also for another host's, which cannot be told from here. */
gboolean process_is_alive(const char *incarnation, gboolean *ret_is_local);

/* Paths under DIR/run: "queue/invoice_escalation", "control". Free with g_free. */
char *process_run_path(const char *dir, const char *name);
