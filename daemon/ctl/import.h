/* import.h: one file's import. Its rows are read and checked cell by cell (import_rows.c), then staged, checked against
 * the database and applied (import.c). */
#pragma once

#include "import_entities.h"

#define IMPORT_COLUMNS_MAX 16

struct import {
    struct office *office;
    const struct entity *entity;
    const char *path;
    gboolean accept_good, dry_run;
    char *bytes, *digest;
    gsize length;
    int map[IMPORT_COLUMNS_MAX]; /* file column -> entity column; -1: agency */
    int file_columns;
    GHashTable *ids;     /* own ids seen: text -> line */
    GHashTable *refused; /* lines, each once */
    guint reasons;       /* why, said or not */
    GString *copy;       /* the good rows, as COPY reads them: line, agency, then the entity's columns */
    gint64 imported, updated, total;
};

/* Says on stderr why a row is refused, as FILE:LINE: COLUMN: reason; `column` may be NULL. Only the first reasons are
 * said, all are counted. */
void import_refuse_row(struct import *in, int line, const char *column, const char *reason);
/* Fills bytes, digest, refused and copy from the file. FALSE, with the reason on stderr, when it cannot be read as a
 * table of this entity; rows that are refused do not make it FALSE. */
MUST_CHECK gboolean import_read(struct import *in);
/* How many reasons were not said. */
guint import_reasons_unsaid(const struct import *in);
