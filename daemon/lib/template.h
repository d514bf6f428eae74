/*
 * template.h: Mustache with strict names. kainjow-mustache stands behind template.cc.
 *
 * A template file is `name.txt.mustache` (first line "Subject: ...", then a blank line, then the text part) and,
 * beside it, `name.html.mustache`. In HTML every value is escaped; `{{{`, `{{&`, partials and delimiter changes are
 * refused. An unknown name is an error with line:column. In a text, blank lines that follow each other become one.
 */
#pragma once

#include "js.h"

G_BEGIN_DECLS

enum template_kind { TEMPLATE_TEXT, TEMPLATE_HTML };

/* Renders. `file` only names the place in errors ("file:line:column: ..."). NULL on a syntax error or a name that
 * `data` does not have (sections over absent optional keys count as unknown too: give them as false or null). */
MUST_CHECK char *template_render(const char *file, const char *text, enum template_kind kind, const struct js *data,
                                 GError **error);

/* The same in two steps, for a template that is filled many times. */
struct template_parsed;
MUST_CHECK struct template_parsed *template_parse(const char *file, const char *text, enum template_kind kind,
                                                  GError **error);
MUST_CHECK char *template_fill(struct template_parsed *parsed, const struct js *data, GError **error);
void template_free(void *parsed);

G_END_DECLS
