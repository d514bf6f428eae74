/* import_entities.h: the CSV entities of the contract: their columns and the questions that check and apply them. */
#pragma once

#include "db.h"

enum cell {
    CELL_ID,
    CELL_TEXT,
    CELL_DATE,
    CELL_AMOUNT,
    CELL_HOURS,
    CELL_CURRENCY,
    CELL_COUNT,
    CELL_ADDRESS,
    CELL_ZONE,
    CELL_WORD
};

struct column {
    const char *name;
    enum cell cell;
    gboolean required;
    const char *const *words; /* CELL_WORD: allowed, NULL-terminated */
};

struct entity {
    const char *name;             /* "invoices" */
    const char *table;            /* "invoice" */
    const struct column *columns; /* the first is the agency's own id; ended by a NULL name */
    const struct sql *check;      /* over table stage: line, "column", reason; or NULL */
    const struct sql *apply;      /* imported, updated, total */
    const struct sql *after;      /* a second statement: updated, the rows that only it has changed; or NULL */
    const char *rules;            /* the check's $1 are the rules of this pack */
    gboolean is_pair;             /* the first two columns together are the key */
};

extern const struct entity entities[]; /* in the order in which they depend on each other; ended by a NULL name */

/* Why the cell cannot be, or NULL. Free with g_free. Rewrites amounts and hours as hundredths. */
char *import_check_cell(const struct column *column, char **cell);
