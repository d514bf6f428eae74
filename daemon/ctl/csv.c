/* CSV records. Pure. */
#include "csv.h"

static gboolean at_line_end(const struct csv *csv)
{
    return csv->at >= csv->end || *csv->at == '\n' || *csv->at == '\r';
}

static void skip_line_end(struct csv *csv)
{
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    csv->line++;
}

static char *take_quoted(struct csv *csv, const char **ret_why)
{
    GString *text = g_string_new(NULL);
    for (csv->at++; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"' && (csv->at + 1 >= csv->end || csv->at[1] != '"')) {
            csv->at++;
            return g_string_free(text, FALSE);
        }
        csv->at += *csv->at == '"'; /* a doubled quote stands for one */
        csv->line += *csv->at == '\n';
        g_string_append_c(text, *csv->at);
    }
    *ret_why = "a quote is opened here and never closed";
    g_string_free(text, TRUE);
    return NULL;
}

static char *take_field(struct csv *csv, const char **ret_why)
{
    if (csv->at < csv->end && *csv->at == '"')
        return take_quoted(csv, ret_why);
    const char *begin = csv->at;
    while (!at_line_end(csv) && *csv->at != ',')
        csv->at++;
    return g_strndup(begin, (gsize)(csv->at - begin));
}

GPtrArray *csv_next(struct csv *csv, int *ret_line, const char **ret_why)
{
    *ret_why = NULL;
    while (csv->at < csv->end && at_line_end(csv)) /* empty lines are none */
        skip_line_end(csv);
    if (csv->at >= csv->end)
        return NULL;
    *ret_line = csv->line;
    GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
    for (;;) {
        char *field = take_field(csv, ret_why);
        if (field)
            g_ptr_array_add(fields, field);
        if (field && !at_line_end(csv) && *csv->at == ',') {
            csv->at++;
            continue;
        }
        if (field && !at_line_end(csv))
            *ret_why = "text follows a closing quote";
        break;
    }
    while (!at_line_end(csv))
        csv->at++;
    if (csv->at < csv->end)
        skip_line_end(csv);
    if (!*ret_why)
        return fields;
    g_ptr_array_unref(fields);
    return NULL;
}
