/* Problems in file order, and the nearest word for a misspelled one. */
#include "problems.h"

#include <string.h>

struct problem {
    char *file, *text;
    int line, column;
};

struct problems {
    GPtrArray *list;
    gboolean sorted;
};

static void problem_free(gpointer data)
{
    struct problem *problem = data;
    g_free(problem->file);
    g_free(problem->text);
    g_free(problem);
}

struct problems *problems_new(void)
{
    struct problems *problems = g_new0(struct problems, 1);
    problems->list = g_ptr_array_new_with_free_func(problem_free);
    return problems;
}

void problems_free(struct problems *problems)
{
    if (problems)
        g_ptr_array_unref(problems->list);
    g_free(problems);
}

void problems_add(struct problems *problems, const char *file, int line, int column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    for (char *c = sentence; *c; c++) /* it may quote the file: a problem is one line */
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    struct problem *problem = g_new0(struct problem, 1);
    problem->file = g_strdup(file);
    problem->line = line;
    problem->column = column;
    problem->text = line ? g_strdup_printf("%s:%d:%d: %s", file, line, column, sentence)
                         : g_strdup_printf("%s: %s", file, sentence);
    g_ptr_array_add(problems->list, problem);
    problems->sorted = FALSE;
}

guint problems_count(const struct problems *problems)
{
    return problems->list->len;
}

static int by_place(gconstpointer a, gconstpointer b)
{
    const struct problem *left = *(struct problem *const *)a, *right = *(struct problem *const *)b;
    int order = strcmp(left->file, right->file);
    if (!order)
        order = left->line - right->line;
    return order ? order : left->column - right->column;
}

const char *problems_text(const struct problems *problems, guint index)
{
    struct problems *mine = (struct problems *)problems; /* sorting does not change what it says */
    if (!mine->sorted)
        g_ptr_array_sort(mine->list, by_place);
    mine->sorted = TRUE;
    return ((struct problem *)g_ptr_array_index(mine->list, index))->text;
}

static int edit_distance(const char *a, const char *b)
{
    gsize n = strlen(b);
    g_autofree int *row = g_new(int, n + 1);
    for (gsize j = 0; j <= n; j++)
        row[j] = (int)j;
    for (gsize i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (gsize j = 1; j <= n; j++) {
            int replaced = diagonal + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[j - 1]));
            diagonal = row[j];
            row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

const char *nearest_word(const char *word, const char *const *allowed, gsize n)
{
    const char *best = NULL;
    int least = 4;
    for (gsize i = 0; i < n; i++) {
        int distance = edit_distance(word, allowed[i]);
        /* Changed in more than half of its letters, it is another word. */
        if (distance < least && 2 * distance <= (int)MAX(strlen(word), strlen(allowed[i]))) {
            least = distance;
            best = allowed[i];
        }
    }
    return best;
}
