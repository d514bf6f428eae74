/* Cells of imported files, by their column. Pure. A good one is rewritten in place where the database wants another
 * form. */
#include <string.h>

#include "import_entities.h"
#include "letter.h"
#include "problems.h"
#include "zone.h"

/* Cents, or hundredths of an hour: digits with at most two behind a dot. */
static const char *bad_amount(char **cell, gboolean hours)
{
    const char *text = *cell;
    gboolean minus = text[0] == '-';
    text += minus;
    gsize whole = strspn(text, "0123456789"), cents = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    gsize length = whole + (text[whole] == '.' ? 1 + cents : 0);
    if (!whole || text[length] || cents > 2 || (text[whole] == '.' && !cents))
        return hours ? "is no number of hours; write 1.5 or 0.25, with a dot"
                     : "is no amount; write 1000.50, with a dot and without separators";
    if (minus)
        return hours ? "is negative" : "is negative; refunds, credit notes and chargebacks are payments of that kind";
    if (whole > 12)
        return "is too large";
    char *rewritten = g_strdup_printf("%.*s%.*s%s", (int)whole, text, (int)cents, text + whole + 1,
                                      cents == 2   ? ""
                                      : cents == 1 ? "0"
                                                   : "00");
    g_free(*cell);
    *cell = rewritten;
    return NULL;
}

static char *bad_word(const struct column *column, const char *text)
{
    if (g_strv_contains(column->words, text))
        return NULL;
    const char *near = nearest_word(text, column->words, g_strv_length((char **)column->words));
    g_autofree char *all = g_strjoinv(", ", (char **)column->words);
    return near ? g_strdup_printf("'%s' is unknown; did you mean %s?", text, near)
                : g_strdup_printf("'%s' is unknown; allowed are %s", text, all);
}

static gboolean is_currency(const char *text)
{
    return strlen(text) == 3 && g_ascii_isupper(text[0]) && g_ascii_isupper(text[1]) && g_ascii_isupper(text[2]);
}

static gboolean has_control(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text))
            return TRUE;
    return FALSE;
}

char *import_check_cell(const struct column *column, char **cell)
{
    const char *text = *cell, *why = NULL;
    day d;
    if (!*text)
        return column->required ? g_strdup("is empty and needed") : NULL;
    switch (column->cell) {
    case CELL_ID:
        return has_control(text) || strlen(text) > 100 ? g_strdup("is no id: control characters or over 100 bytes")
                                                       : NULL;
    case CELL_TEXT:
        return strlen(text) > 4000 ? g_strdup("is longer than 4000 bytes") : NULL;
    case CELL_DATE:
        return day_parse(text, &d) ? NULL : g_strdup_printf("'%s' is no date; write YYYY-MM-DD", text);
    case CELL_AMOUNT:
    case CELL_HOURS:
        why = bad_amount(cell, column->cell == CELL_HOURS);
        return why ? g_strdup_printf("'%s' %s", text, why) : NULL;
    case CELL_CURRENCY:
        return is_currency(text) ? NULL : g_strdup_printf("'%s' is no currency; write three letters like USD", text);
    case CELL_COUNT:
        return strspn(text, "0123456789") == strlen(text) && strlen(text) < 6 ? NULL
                                                                              : g_strdup("a whole number is expected");
    case CELL_ADDRESS:
        return letter_address_ok(text, &why) ? NULL : g_strdup_printf("is no mail address: %s", why);
    case CELL_ZONE:
        return zone_get(text) ? NULL : g_strdup_printf("'%s' is no time zone; write America/Chicago", text);
    case CELL_WORD:
        return bad_word(column, text);
    }
    return NULL;
}
