/* Array parameters, as text. */
#include "db.h"

struct db_array {
    GString *text;
    guint length;
    gboolean closed; /* read, and so complete */
};

struct db_array *db_array_new(void)
{
    struct db_array *array = g_new0(struct db_array, 1);
    array->text = g_string_new("{");
    return array;
}

static void next_element(struct db_array *array)
{
    g_assert(!array->closed);
    if (array->length++ > 0)
        g_string_append_c(array->text, ',');
}

void db_array_add(struct db_array *array, const char *text)
{
    next_element(array);
    if (!text) {
        g_string_append(array->text, "NULL");
        return;
    }
    g_string_append_c(array->text, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(array->text, '\\');
        g_string_append_c(array->text, *text);
    }
    g_string_append_c(array->text, '"');
}

void db_array_add_int(struct db_array *array, gint64 number)
{
    next_element(array);
    g_string_append_printf(array->text, "%" G_GINT64_FORMAT, number);
}

const char *db_array_text(struct db_array *array)
{
    if (!array->closed)
        g_string_append_c(array->text, '}');
    array->closed = TRUE;
    return array->text->str;
}

guint db_array_length(const struct db_array *array)
{
    return array->length;
}

void db_array_free(struct db_array **array)
{
    if (!*array)
        return;
    g_string_free((*array)->text, TRUE);
    g_clear_pointer(array, g_free);
}
