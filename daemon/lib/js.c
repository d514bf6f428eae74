/* JSON by jansson: the only file that knows it. `struct js` is json_t under another name. */
#include "js.h"

#include <jansson.h>

#define J(value)  ((json_t *)(value))
#define JS(value) ((struct js *)(value))

struct js *js_object(void)
{
    return JS(json_object());
}

struct js *js_array(void)
{
    return JS(json_array());
}

struct js *js_ref(struct js *value)
{
    return JS(json_incref(J(value)));
}

void js_unref(struct js *value)
{
    json_decref(J(value));
}

void js_cleanup(struct js **value)
{
    js_unref(*value);
}

void js_set(struct js *object, const char *key, struct js *take)
{
    json_object_set_new(J(object), key, J(take));
}

/* Bytes that are no UTF-8 become U+FFFD, so that a value is never lost. */
static json_t *text_value(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

void js_set_text(struct js *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(J(object), key, text_value(text));
}

void js_set_int(struct js *object, const char *key, gint64 number)
{
    json_object_set_new(J(object), key, json_integer(number));
}

void js_set_bool(struct js *object, const char *key, gboolean truth)
{
    json_object_set_new(J(object), key, json_boolean(truth));
}

void js_add(struct js *array, struct js *take)
{
    json_array_append_new(J(array), J(take));
}

void js_add_text(struct js *array, const char *text)
{
    json_array_append_new(J(array), text_value(text));
}

const struct js *js_get(const struct js *object, const char *key)
{
    return JS(json_object_get(J(object), key));
}

const char *js_get_text(const struct js *object, const char *key)
{
    return json_string_value(json_object_get(J(object), key));
}

gint64 js_get_int(const struct js *object, const char *key, gint64 otherwise)
{
    json_t *value = json_object_get(J(object), key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

gboolean js_get_bool(const struct js *object, const char *key)
{
    return json_is_true(json_object_get(J(object), key));
}

enum js_kind js_kind(const struct js *value)
{
    if (!value || json_is_null(J(value)))
        return JS_NULL;
    if (json_is_object(J(value)))
        return JS_OBJECT;
    if (json_is_array(J(value)))
        return JS_ARRAY;
    if (json_is_string(J(value)))
        return JS_TEXT;
    return json_is_integer(J(value)) ? JS_INT : JS_BOOL;
}

const char *js_text(const struct js *value)
{
    return json_string_value(J(value));
}

gint64 js_int(const struct js *value)
{
    return json_integer_value(J(value));
}

gboolean js_truth(const struct js *value)
{
    return json_is_true(J(value));
}

gsize js_length(const struct js *array)
{
    return json_array_size(J(array));
}

const struct js *js_at(const struct js *array, gsize index)
{
    return JS(json_array_get(J(array), index));
}

void *js_first(const struct js *object)
{
    return json_object_iter(J(object));
}

void *js_next(const struct js *object, void *at)
{
    return json_object_iter_next(J(object), at);
}

const char *js_key(void *at)
{
    return json_object_iter_key(at);
}

const struct js *js_value(void *at)
{
    return JS(json_object_iter_value(at));
}

char *js_print(const struct js *value)
{
    char *text = json_dumps(J(value), JSON_COMPACT | JSON_ENCODE_ANY);
    char *ours = g_strdup(text);
    free(text);
    return ours;
}

struct js *js_parse(const char *text, gsize length, GError **error)
{
    json_error_t why;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!value)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "JSON %d:%d: %s", why.line, why.column, why.text);
    return JS(value);
}
