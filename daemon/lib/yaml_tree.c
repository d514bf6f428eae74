/* YAML by libyaml's document API: the only file that knows it. Marks count from 0, places from 1. */
#include "yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define FILE_MAX  (1024 * 1024)
#define DEPTH_MAX 32
#define NODES_MAX 20000 /* aliases multiply: a bomb ends here */

struct reading {
    const char *name;
    yaml_document_t document;
    struct problems *problems;
    int nodes;
};

void yaml_wrong(const struct yaml *at, struct problems *problems, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    problems_add(problems, at->file, at->line, at->column, "%s", sentence);
}

void yaml_tree_free(struct yaml *root)
{
    if (!root)
        return;
    g_free(root->text);
    g_clear_pointer(&root->keys, g_ptr_array_unref);
    g_clear_pointer(&root->values, g_ptr_array_unref);
    g_free(root);
}

static void free_node(gpointer node)
{
    yaml_tree_free(node);
}

static struct yaml *build(struct reading *in, yaml_node_t *node, int depth);

static gboolean build_pairs(struct reading *in, yaml_node_t *node, struct yaml *map, int depth)
{
    map->keys = g_ptr_array_new_with_free_func(free_node);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        struct yaml *key = build(in, yaml_document_get_node(&in->document, pair->key), depth);
        if (!key)
            return FALSE;
        g_ptr_array_add(map->keys, key);
        if (key->kind != YAML_TEXT) {
            yaml_wrong(key, in->problems, "a key must be a word");
            return FALSE;
        }
        for (guint i = 0; i + 1 < map->keys->len; i++) {
            const struct yaml *earlier = map->keys->pdata[i];
            if (strcmp(earlier->text, key->text) == 0) {
                yaml_wrong(key, in->problems, "'%s' stands twice; it is already at line %d", key->text, earlier->line);
                return FALSE;
            }
        }
        struct yaml *value = build(in, yaml_document_get_node(&in->document, pair->value), depth);
        if (!value)
            return FALSE;
        g_ptr_array_add(map->values, value);
    }
    return TRUE;
}

static gboolean build_items(struct reading *in, yaml_node_t *node, struct yaml *list, int depth)
{
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        struct yaml *value = build(in, yaml_document_get_node(&in->document, *item), depth);
        if (!value)
            return FALSE;
        g_ptr_array_add(list->values, value);
    }
    return TRUE;
}

static struct yaml *build(struct reading *in, yaml_node_t *node, int depth)
{
    struct yaml *ours = g_new0(struct yaml, 1);
    ours->file = in->name;
    ours->line = (int)node->start_mark.line + 1;
    ours->column = (int)node->start_mark.column + 1;
    gboolean good = depth <= DEPTH_MAX && ++in->nodes <= NODES_MAX;
    if (!good) {
        yaml_wrong(ours, in->problems, "nested deeper than %d or larger than %d values; is it an alias to itself?",
                   DEPTH_MAX, NODES_MAX);
    } else if (node->type == YAML_SCALAR_NODE) {
        ours->kind = YAML_TEXT;
        ours->text = g_strndup((const char *)node->data.scalar.value, node->data.scalar.length);
        ours->plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        good = strlen(ours->text) == node->data.scalar.length;
        if (!good)
            yaml_wrong(ours, in->problems, "a text may not hold the character NUL");
    } else {
        ours->kind = node->type == YAML_MAPPING_NODE ? YAML_MAP : YAML_LIST;
        ours->values = g_ptr_array_new_with_free_func(free_node);
        good = ours->kind == YAML_MAP ? build_pairs(in, node, ours, depth + 1) : build_items(in, node, ours, depth + 1);
    }
    if (!good)
        g_clear_pointer(&ours, yaml_tree_free);
    return ours;
}

static void say_parser_error(const char *name, const yaml_parser_t *parser, struct problems *problems)
{
    if (parser->error == YAML_READER_ERROR)
        problems_add(problems, name, 0, 0, "not readable as UTF-8 text: %s at byte %zu", parser->problem,
                     parser->problem_offset);
    else
        problems_add(problems, name, (int)parser->problem_mark.line + 1, (int)parser->problem_mark.column + 1, "%s%s%s",
                     parser->problem ? parser->problem : "no YAML", parser->context ? " " : "",
                     parser->context ? parser->context : "");
}

static gboolean is_last_document(yaml_parser_t *parser, const char *name, struct problems *problems)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        say_parser_error(name, parser, problems);
        return FALSE;
    }
    yaml_node_t *root = yaml_document_get_root_node(&next);
    if (root)
        problems_add(problems, name, (int)root->start_mark.line + 1, (int)root->start_mark.column + 1,
                     "a second document begins; one file holds one");
    yaml_document_delete(&next);
    return !root;
}

struct yaml *yaml_read(const char *name, const char *bytes, gsize length, struct problems *problems)
{
    struct reading in = {.name = g_intern_string(name), .problems = problems};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        g_error("libyaml has no memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    struct yaml *root = NULL;
    if (!yaml_parser_load(&parser, &in.document)) {
        say_parser_error(in.name, &parser, problems);
    } else {
        yaml_node_t *top = yaml_document_get_root_node(&in.document);
        if (!top)
            problems_add(problems, in.name, 1, 1, "the file is empty");
        else if ((root = build(&in, top, 0)) && !is_last_document(&parser, in.name, problems))
            g_clear_pointer(&root, yaml_tree_free);
        yaml_document_delete(&in.document);
    }
    yaml_parser_delete(&parser);
    return root;
}

struct yaml *yaml_load(const char *path, struct problems *problems)
{
    g_autofree char *bytes = NULL;
    gsize length;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &bytes, &length, &error)) {
        problems_add(problems, path, 0, 0, "cannot be read: %s", g_strerror(errno));
        return NULL;
    }
    if (length > FILE_MAX) {
        problems_add(problems, path, 0, 0, "has %zu bytes; at most %d are read", length, FILE_MAX);
        return NULL;
    }
    return yaml_read(path, bytes, length, problems);
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    for (guint i = 0; map && map->kind == YAML_MAP && i < map->keys->len; i++)
        if (strcmp(((struct yaml *)map->keys->pdata[i])->text, key) == 0)
            return map->values->pdata[i];
    return NULL;
}

/* "a, b, c". Free with g_free. */
static char *listed(const char *const *words, gsize n)
{
    GString *all = g_string_new(NULL);
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(all, "%s%s", i ? ", " : "", words[i]);
    return g_string_free(all, FALSE);
}

gboolean yaml_expect_map(const struct yaml *node, const char *const *keys, gsize n, struct problems *problems)
{
    if (node->kind != YAML_MAP) {
        yaml_wrong(node, problems, "keys with values are expected here");
        return FALSE;
    }
    gboolean good = TRUE;
    for (guint i = 0; i < node->keys->len; i++) {
        const struct yaml *key = node->keys->pdata[i];
        gboolean known = FALSE;
        for (gsize k = 0; k < n && !known; k++)
            known = strcmp(keys[k], key->text) == 0;
        if (known)
            continue;
        const char *near = nearest_word(key->text, keys, n);
        g_autofree char *all = near ? NULL : listed(keys, n);
        yaml_wrong(key, problems, "unknown key '%s'; %s%s%s", key->text, near ? "did you mean '" : "allowed are ",
                   near ? near : all, near ? "'?" : "");
        good = FALSE;
    }
    return good;
}

gboolean yaml_text(const struct yaml *node, const char **ret, struct problems *problems)
{
    if (node->kind == YAML_TEXT && node->text[0]) {
        *ret = node->text;
        return TRUE;
    }
    yaml_wrong(node, problems, "a text is expected here");
    return FALSE;
}

gboolean yaml_count(const struct yaml *node, int min, int max, int *ret, struct problems *problems)
{
    if (node->kind == YAML_TEXT && (g_ascii_isdigit(node->text[0]) || (node->text[0] == '-' && min < 0))) {
        char *end;
        errno = 0;
        gint64 number = g_ascii_strtoll(node->text, &end, 10);
        if (*end == '\0' && errno == 0 && number >= min && number <= max) {
            *ret = (int)number;
            return TRUE;
        }
    }
    yaml_wrong(node, problems, "%s%s%sa whole number from %d to %d is expected", node->kind == YAML_TEXT ? "'" : "",
               node->kind == YAML_TEXT ? node->text : "", node->kind == YAML_TEXT ? "': " : "", min, max);
    return FALSE;
}

gboolean yaml_truth(const struct yaml *node, gboolean *ret, struct problems *problems)
{
    if (node->kind == YAML_TEXT && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
        *ret = node->text[0] == 't';
        return TRUE;
    }
    yaml_wrong(node, problems, "true or false is expected%s",
               node->kind == YAML_TEXT ? " (yes, no, on and off are not used)" : "");
    return FALSE;
}

gboolean yaml_choice(const struct yaml *node, const char *const *words, gsize n, int *ret, struct problems *problems)
{
    if (node->kind == YAML_TEXT)
        for (gsize i = 0; i < n; i++)
            if (strcmp(words[i], node->text) == 0) {
                *ret = (int)i;
                return TRUE;
            }
    g_autofree char *all = listed(words, n);
    const char *near = node->kind == YAML_TEXT ? nearest_word(node->text, words, n) : NULL;
    yaml_wrong(node, problems, "%s%s%sallowed are %s%s%s%s", node->kind == YAML_TEXT ? "'" : "",
               node->kind == YAML_TEXT ? node->text : "", node->kind == YAML_TEXT ? "' is unknown; " : "", all,
               near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    return FALSE;
}
