/* One line per event on stderr; under the journal with its priority prefix ("<6>"), which journald reads. */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR = 3, WARNING = 4, INFO = 6, DEBUG = 7 };

static const char *program_name = "ticklerd";
static gboolean under_journal, debugging;

void log_open(const char *program)
{
    program_name = program;
    under_journal = g_getenv("JOURNAL_STREAM") != NULL;
    debugging = g_getenv("TICKLER_DEBUG") != NULL;
    setvbuf(stderr, NULL, _IOLBF, 4096);
}

PRINTF_LIKE(2, 0) static void write_line(int priority, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    for (char *c = text; *c; c++)
        if ((guchar)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    static const char *const words[] = {[ERROR] = "error: ", [WARNING] = "warning: ", [INFO] = "", [DEBUG] = "debug: "};
    if (under_journal)
        fprintf(stderr, "<%d>%s: %s\n", priority, program_name, text);
    else
        fprintf(stderr, "%s: %s%s\n", program_name, words[priority], text);
}

#define WRITE(priority)                                                                                                \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    write_line(priority, format, arguments);                                                                           \
    va_end(arguments)

void log_error(const char *format, ...)
{
    WRITE(ERROR);
}

void log_warning(const char *format, ...)
{
    WRITE(WARNING);
}

void log_info(const char *format, ...)
{
    WRITE(INFO);
}

void log_debug(const char *format, ...)
{
    if (!debugging)
        return;
    WRITE(DEBUG);
}
