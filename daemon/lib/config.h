/*
 * config.h: the whole configuration of an installation: ticklerd.yaml, schedules/, rules/, templates/, checked
 * together.
 *
 *   CONFIG/ticklerd.yaml  CONFIG/schedules/<worker>.yaml  CONFIG/rules/<pack>.yaml
 * CONFIG/templates/<worker>/<name>.{txt,html}.mustache
 *
 * The supervisor checks an edit and copies a good one to RUN/in_force/, which is all that the other processes read: a
 * bad file never replaces a good one, also not for a worker that restarts after the edit.
 */
#pragma once

#include "rules.h"
#include "schedule.h"
#include "settings.h"

struct config {
    char *dir; /* where it was read from */
    struct settings *settings;
    GPtrArray *schedules; /* struct schedule */
    struct rules *rules;
};

/* NULL when there were problems; they are all in `problems`. `state_dir` is DIR. */
MUST_CHECK struct config *config_load(const char *config_dir, const char *state_dir, struct problems *problems);
void config_free(struct config *config);
const struct schedule *config_schedule(const struct config *config, const char *worker);

/* Copies the files of a checked configuration to `to` (made new, then renamed into place). */
MUST_CHECK gboolean config_copy(const char *config_dir, const char *to, GError **error);

/* Removes a folder and what is below it; symbolic links are removed, not followed. */
void config_remove(const char *folder);
