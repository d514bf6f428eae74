/*
 * js.h: JSON values, built and read. The only file that knows jansson is js.c; `struct js` is its json_t.
 *
 * Ownership: js_set* and js_add take the value given to them; js_get* lend. Numbers are 64-bit integers.
 */
#pragma once

#include <glib.h>

#include "attr.h"

struct js;

struct js *js_object(void);
struct js *js_array(void);
struct js *js_ref(struct js *value);
void js_unref(struct js *value);
/* `AUTO_JS struct js *row = js_object();` frees at the end of the scope. */
void js_cleanup(struct js **value);
#define AUTO_JS __attribute__((cleanup(js_cleanup)))

void js_set(struct js *object, const char *key, struct js *take);
void js_set_text(struct js *object, const char *key, const char *text); /* NULL leaves the key out */
void js_set_int(struct js *object, const char *key, gint64 number);
void js_set_bool(struct js *object, const char *key, gboolean truth);
void js_add(struct js *array, struct js *take);
void js_add_text(struct js *array, const char *text);

const struct js *js_get(const struct js *object, const char *key); /* NULL when absent */
const char *js_get_text(const struct js *object, const char *key); /* NULL when absent or no string */
gint64 js_get_int(const struct js *object, const char *key, gint64 otherwise);
gboolean js_get_bool(const struct js *object, const char *key);
gsize js_length(const struct js *array);
const struct js *js_at(const struct js *array, gsize index);

/* One line, keys in the order in which they were set. Free with g_free. */
char *js_print(const struct js *value);

/* Parses one JSON text; duplicate keys and trailing bytes are errors. */
MUST_CHECK struct js *js_parse(const char *text, gsize length, GError **error);
