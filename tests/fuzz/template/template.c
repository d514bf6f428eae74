/*
 * Templates, as a text and as HTML. A NUL ends the template; what follows it are the data, as JSON, else those of the
 * invoices' sample. Data never bring markup into HTML.
 */
#include "template.h"

#include <string.h>

#include "../fuzz.h"

static struct js *sample(void)
{
    g_autofree char *text = NULL;
    gsize length;
    must(g_file_get_contents(SOURCE_DIR "/config/templates/invoice_escalation/sample.json", &text, &length, NULL));
    struct js *data = js_parse(text, length, NULL);
    must(data);
    return data;
}

static void render(const char *text, enum template_kind kind, const struct js *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *out = template_render("file", text, kind, data, &error);
    must(!out == !!error);
    must(!error || g_str_has_prefix(error->message, "file:"));
    must(!out || kind != TEMPLATE_HTML || strchr(text, '<') || !strchr(out, '<'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct js *shipped;
    shipped = shipped ? shipped : sample();
    g_autofree char *text = g_strndup((const char *)bytes, size);
    gsize length = strlen(text);
    struct js *own = length < size ? js_parse((const char *)bytes + length + 1, size - length - 1, NULL) : NULL;
    for (int kind = TEMPLATE_TEXT; kind <= TEMPLATE_HTML; kind++)
        render(text, (enum template_kind)kind, own ? own : shipped);
    js_unref(own);
    return 0;
}
