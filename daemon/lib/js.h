/*
 * js.h: JSON values, built and read. The only file that knows jansson is js.c; `struct js` is its json_t.
 *
 * Ownership: js_set* and js_add take the value given to them; js_get* lend. Numbers are 64-bit integers.
 */
#pragma once

#include <glib.h>

#include "attr.h"

G_BEGIN_DECLS

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
/* A value of unknown kind; js_text, js_int and js_truth read it, and answer NULL, 0 or FALSE for another kind. */
enum js_kind { JS_NULL, JS_OBJECT, JS_ARRAY, JS_TEXT, JS_INT, JS_BOOL };
enum js_kind js_kind(const struct js *value);
const char *js_text(const struct js *value);
gint64 js_int(const struct js *value);
gboolean js_truth(const struct js *value);
gsize js_length(const struct js *array);
const struct js *js_at(const struct js *array, gsize index);

/* Walks an object's members: for (void *at = js_first(o); at; at = js_next(o, at)) js_key(at), js_value(at). */
void *js_first(const struct js *object);
void *js_next(const struct js *object, void *at);
const char *js_key(void *at);
const struct js *js_value(void *at);

/* One line, keys in the order in which they were set. Free with g_free. */
char *js_print(const struct js *value);

/* Parses one JSON text; duplicate keys and trailing bytes are errors. */
MUST_CHECK struct js *js_parse(const char *text, gsize length, GError **error);

G_END_DECLS
