/*
 * yaml_tree.h: one YAML document as a tree that knows where each value stands. libyaml reads it; this refuses what
 * libyaml lets pass: duplicate keys, a second document, loops and bombs of aliases, files over 1 MiB.
 */
#pragma once

#include "problems.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    const char *file;
    int line, column;  /* from 1 */
    char *text;        /* YAML_TEXT */
    gboolean plain;    /* written without quotes */
    GPtrArray *keys;   /* YAML_MAP: struct yaml, texts */
    GPtrArray *values; /* YAML_MAP and YAML_LIST: struct yaml */
};

/* Reads a file. NULL when there were problems; they are in `problems`. Free with yaml_tree_free. */
MUST_CHECK struct yaml *yaml_load(const char *path, struct problems *problems);
MUST_CHECK struct yaml *yaml_read(const char *name, const char *bytes, gsize length, struct problems *problems);
void yaml_tree_free(struct yaml *root);

/* The value of a key, or NULL. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);

/* Adds a problem at this place. */
void yaml_wrong(const struct yaml *at, struct problems *problems, const char *format, ...) PRINTF_LIKE(3, 4);

/* Is it a map, with no keys but these? Unknown keys are named with their nearest. */
gboolean yaml_expect_map(const struct yaml *node, const char *const *keys, gsize n, struct problems *problems);

/* Typed readings; each adds its own problem and then answers FALSE. */
MUST_CHECK gboolean yaml_text(const struct yaml *node, const char **ret, struct problems *problems);
MUST_CHECK gboolean yaml_count(const struct yaml *node, int min, int max, int *ret, struct problems *problems);
MUST_CHECK gboolean yaml_truth(const struct yaml *node, gboolean *ret, struct problems *problems);
MUST_CHECK gboolean yaml_choice(const struct yaml *node, const char *const *words, gsize n, int *ret,
                                struct problems *problems);
