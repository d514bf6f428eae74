/*
 * house.h: one directory and all that runs for it, as the supervisor's own files see it: opening.c begins, programs.c
 * says what runs, control.c hears the admin, main.c watches and ends.
 */
#pragma once

#include "bus.h"
#include "children.h"
#include "config.h"
#include "problems.h"
#include "process.h"

struct house {
    struct process process;
    char *config_source; /* what the admin edits */
    char *in_force;      /* the checked copy */
    char *until;
    gboolean once;
    struct config *config;
    struct children *children;
    struct loop *loop;
    struct bus *control;
    gboolean draining, ready, migrated;
    int exit_code;
    int drain_timer;
};

/* Locks the directory (the kernel lets go of the lock when we die), checks the configuration, opens the control socket,
 * and adds what is started first. FALSE with a sentence for the admin. */
gboolean house_open(struct house *house, GError **error);
/* What the admin wrote, checked; its problems are logged and in `problems`. NULL when there are any. */
struct config *house_load_config(const struct house *house, struct problems *problems);

/* The servers that this house keeps itself; sets its database and Redis. */
gboolean house_add_servers(struct house *house, GError **error);
void house_add_migration(struct house *house);
/* Scheduler and rooms. */
void house_add_workers(struct house *house);
/* As many processes of each room as the configuration says; those that are there get the new command line. */
void house_staff_rooms(struct house *house);

/* Takes over the configuration that the admin has written, or refuses with `problems` in `reply`. */
gboolean house_reload(struct house *house, struct js *reply);
struct js *house_status(const struct house *house);
void house_hear_control(struct loop *loop, void *house);

/* Begins to end: the rooms put down their work, then the servers go. Asked twice: at once. */
void house_drain(struct house *house, int exit_code);
