/* migrate.h: config/schema/NNN_name.sql applied in order, once each, all in one transaction under a lock. */
#pragma once

#include "db.h"

struct migration {
    int number;
    char *name; /* "001_office.sql" */
    gboolean applied;
};

/* The files of `folder` and whether each is applied; GPtrArray of struct migration. Refuses a gap in the numbers, an
 * applied file that was edited or is missing, and a database newer than the files. */
MUST_CHECK GPtrArray *migrate_list(struct db *db, const char *folder, GError **error);

/* Applies what is missing; `at` is the instant to note. The count applied, or -1. */
MUST_CHECK int migrate_apply(struct db *db, const char *folder, const char *at, GError **error);
