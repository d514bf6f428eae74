/* problems.h: everything that is wrong with the configuration, gathered in one run and told in file order. */
#pragma once

#include <glib.h>

#include "attr.h"

struct problems;
struct problems *problems_new(void);
void problems_free(struct problems *problems);

/* Line and column count from 1; 0 leaves them out. The sentence ends without a full stop. */
void problems_add(struct problems *problems, const char *file, int line, int column, const char *format, ...)
    PRINTF_LIKE(5, 6);
guint problems_count(const struct problems *problems);
/* "file:line:column: sentence", sorted by file, line, column. Lives as long as `problems`. */
const char *problems_text(const struct problems *problems, guint index);

/* The nearest of the allowed words (Levenshtein distance at most 3), or NULL. */
const char *nearest_word(const char *word, const char *const *allowed, gsize n);
