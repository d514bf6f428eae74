/*
 * log.h: one line per event, to the journal when stderr is the journal, else to stderr. Ids and counts only: never a
 * name, an address, an amount, a license number or a secret. Control characters are escaped.
 */
#pragma once

#include <glib.h>

#include "attr.h"

/* Names the program in every line; call once at the top of main. */
void log_open(const char *program);

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2); /* shown when TICKLER_DEBUG is set */
