/*
 * Mustache by kainjow-mustache: the only file that knows it. A context that reports the first name it does not find
 * makes names strict. No exception leaves this file.
 */
#include "template.h"

#include <kainjow/mustache.hpp>
#include <sstream>
#include <string>

using namespace kainjow::mustache;

namespace
{

data to_data(const struct js *value)
{
    switch (js_kind(value)) {
    case JS_TEXT:
        return data{std::string(js_text(value))};
    case JS_INT:
        return data{std::to_string(js_int(value))};
    case JS_BOOL:
        return data{js_truth(value) ? data::type::bool_true : data::type::bool_false};
    case JS_ARRAY: {
        data all{data::type::list};
        for (gsize i = 0; i < js_length(value); i++)
            all << to_data(js_at(value, i));
        return all;
    }
    case JS_OBJECT: {
        data all{data::type::object};
        for (void *at = js_first(value); at; at = js_next(value, at))
            all.set(js_key(at), to_data(js_value(at)));
        return all;
    }
    default:
        return data{data::type::bool_false};
    }
}

class strict_context : public context<std::string>
{
  public:
    explicit strict_context(const data *top) : context<std::string>(top)
    {
    }

    const data *get(const std::string &name) const override
    {
        const data *found = context<std::string>::get(name);
        if (!found && unknown.empty())
            unknown = name;
        return found;
    }

    mutable std::string unknown;
};

void refuse(GError **error, const char *file, const std::string &text, std::size_t offset, const std::string &why)
{
    std::size_t line = 1, start = 0;
    for (std::size_t i = 0; i < offset && i < text.size(); i++)
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%zu:%zu: %s", file, line, offset - start + 1, why.c_str());
}

/* Where a tag names `name`, for the message. */
std::size_t place_of(const std::string &text, const std::string &name)
{
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
        std::size_t first = text.find_first_not_of("{#^/& ", at), end = text.find_first_of("} ", first);
        if (first != std::string::npos && text.substr(first, end - first) == name)
            return at;
    }
    return 0;
}

/* Tags that are not for letters: raw HTML, partials, other delimiters. */
bool has_refused_tag(const char *file, const std::string &text, enum template_kind kind, GError **error)
{
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
        char next = at + 2 < text.size() ? text[at + 2] : '\0';
        bool raw = next == '{' || next == '&';
        if (next == '>' || next == '=' || (raw && kind == TEMPLATE_HTML)) {
            refuse(error, file, text, at,
                   raw ? "unescaped values are not allowed in HTML; write {{name}}"
                       : "partials and changes of delimiters are not used in templates");
            return true;
        }
    }
    return false;
}

/* Sections that are not taken leave their blank lines behind: in a text one is enough. */
std::string without_gaps(const std::string &text)
{
    std::string out;
    std::size_t ends = 0;
    for (char c : text) {
        ends = c == '\n' ? ends + 1 : 0;
        if (ends <= 2)
            out += c;
    }
    return out;
}

} // namespace

struct template_parsed {
    std::string file, text;
    template_kind kind;
    mustache tags;
};

static template_parsed *parse(const char *file, const std::string &text, template_kind kind, GError **error)
{
    if (has_refused_tag(file, text, kind, error))
        return nullptr;
    mustache tags{text};
    if (!tags.is_valid()) {
        std::size_t at = tags.error_message().rfind(" at ");
        std::size_t offset = at == std::string::npos ? 0 : std::stoul(tags.error_message().substr(at + 4));
        refuse(error, file, text, offset, tags.error_message().substr(0, at));
        return nullptr;
    }
    if (kind == TEMPLATE_TEXT)
        tags.set_custom_escape([](const std::string &s) { return s; });
    return new template_parsed{file, text, kind, std::move(tags)};
}

static char *fill(template_parsed *t, const struct js *js, GError **error)
{
    data top = to_data(js);
    strict_context context{&top};
    std::ostringstream out;
    t->tags.render(context, out);
    if (!context.unknown.empty()) {
        refuse(error, t->file.c_str(), t->text, place_of(t->text, context.unknown),
               "unknown name '" + context.unknown + "'");
        return nullptr;
    }
    return g_strdup(t->kind == TEMPLATE_TEXT ? without_gaps(out.str()).c_str() : out.str().c_str());
}

extern "C" struct template_parsed *template_parse(const char *file, const char *text, enum template_kind kind,
                                                  GError **error)
{
    try {
        return parse(file, text, kind, error);
    } catch (const std::exception &e) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", file, e.what());
        return nullptr;
    }
}

extern "C" char *template_fill(struct template_parsed *t, const struct js *data, GError **error)
{
    try {
        return fill(t, data, error);
    } catch (const std::exception &e) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", t->file.c_str(), e.what());
        return nullptr;
    }
}

extern "C" void template_free(void *t)
{
    delete static_cast<template_parsed *>(t);
}

extern "C" char *template_render(const char *file, const char *text, enum template_kind kind, const struct js *data,
                                 GError **error)
{
    struct template_parsed *t = template_parse(file, text, kind, error);
    char *out = t ? template_fill(t, data, error) : nullptr;
    template_free(t);
    return out;
}
