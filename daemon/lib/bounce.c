/* Delivery reports in the words of RFC 3464, as Postfix, Exim, Exchange and the large providers write them. */
#include "bounce.h"

#include <string.h>

#include "mime.h"

/* The first word of a field: "failed (no such user)" is failed, "5.1.1 (bad mailbox)" is 5.1.1. */
static gboolean begins(const char *field, const char *word)
{
    gsize length = strlen(word);
    return field && g_ascii_strncasecmp(field, word, length) == 0 && !g_ascii_isalnum(field[length]);
}

static enum bounce_kind kind_of(const struct mime_recipient *r)
{
    if (!r->final || !strchr(r->final, '@') || !r->action)
        return BOUNCE_OTHER;
    if (begins(r->action, "delayed") || begins(r->action, "delivered") || begins(r->action, "relayed") ||
        begins(r->action, "expanded"))
        return BOUNCE_NOTHING;
    if (!begins(r->action, "failed") || !r->status || !g_ascii_isdigit(r->status[0]) || r->status[1] != '.')
        return BOUNCE_OTHER;
    return r->status[0] == '5' ? BOUNCE_PERMANENT : r->status[0] == '4' ? BOUNCE_UNDELIVERED : BOUNCE_OTHER;
}

static char *lower(const char *address)
{
    return address ? g_ascii_strdown(address, -1) : NULL;
}

struct bounce *bounce_read(const char *bytes, gsize size)
{
    struct bounce *bounce = g_new0(struct bounce, 1);
    struct mime_report *report = mime_read_report(bytes, size);
    const struct mime_recipient *worst = NULL;
    for (guint i = 0; report && i < report->recipients->len; i++) {
        const struct mime_recipient *r = report->recipients->pdata[i];
        if (kind_of(r) > bounce->kind) {
            bounce->kind = kind_of(r);
            worst = r;
        }
    }
    if (worst) {
        const char *code = worst->status ? worst->status : "", *words = worst->diagnostic;
        bounce->final = lower(worst->final);
        bounce->original = lower(worst->original);
        bounce->reason = words ? g_strdup_printf("%s, %s", code, words) : g_strdup(code);
    }
    bounce->ids = report ? g_ptr_array_ref(report->ids) : g_ptr_array_new();
    mime_report_free(report);
    return bounce;
}

void bounce_free(struct bounce *bounce)
{
    if (!bounce)
        return;
    g_free(bounce->final);
    g_free(bounce->original);
    g_free(bounce->reason);
    g_ptr_array_unref(bounce->ids);
    g_free(bounce);
}
