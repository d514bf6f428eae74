/* Imported tables: the whole reader, without the database. The header says which of the tables it may be; what it lets
 * through are lines that COPY takes, one a row. */
#include <string.h>

#include "import.h"

#include "../fuzz.h"

static guint count(const GString *text, char what)
{
    guint n = 0;
    for (gsize i = 0; i < text->len; i++)
        n += text->str[i] == what;
    return n;
}

static void check_copy(const struct import *in)
{
    guint columns = 0, rows = count(in->copy, '\n');
    while (in->entity->columns[columns].name)
        columns++;
    must(count(in->copy, '\t') == rows * (columns + 1));
    must(!strchr(in->copy->str, '\r') && strlen(in->copy->str) == in->copy->len);
    must(g_utf8_validate(in->copy->str, (gssize)in->copy->len, NULL));
}

static void read_as(const struct entity *entity, const char *path)
{
    struct import in = {.entity = entity, .path = path, .copy = g_string_new(NULL)};
    in.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    in.refused = g_hash_table_new(NULL, NULL);
    if (import_read(&in))
        check_copy(&in);
    g_hash_table_unref(in.ids);
    g_hash_table_unref(in.refused);
    g_string_free(in.copy, TRUE);
    g_free(in.bytes);
    g_free(in.digest);
}

/* Does the header begin with the key's columns? */
static gboolean is_header_of(const struct entity *entity, const uint8_t *bytes, size_t size)
{
    g_autofree char *key =
        g_strconcat(entity->columns[0].name, ",", entity->is_pair ? entity->columns[1].name : "", NULL);
    return size > strlen(key) && memcmp(bytes, key, strlen(key)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct entity *found = entities;
    for (const struct entity *entity = entities; entity->name; entity++)
        if (is_header_of(entity, bytes, size))
            found = entity;
    read_as(found, fuzz_file(bytes, size));
    return 0;
}
