/* csv.h: CSV records with the line on which each begins. Pure. RFC 4180: commas, quotes, CRLF or LF. */
#pragma once

#include <glib.h>

#include "attr.h"

struct csv {
    const char *at, *end;
    int line; /* of the next record */
};

/* The fields of the next record, or NULL at the end (then *ret_why is NULL) or for a quote that is wrong (*ret_why says
 * so; reading goes on at the next line). Free with g_ptr_array_unref. */
GPtrArray *csv_next(struct csv *csv, int *ret_line, const char **ret_why);
