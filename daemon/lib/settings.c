/*
 * ticklerd.yaml through one table of keys. A row says where a value stands, what it may be, and what it is when nobody
 * says so; the file config/ticklerd.yaml tells people the same in words.
 */
#include "settings.h"

#include <stddef.h>
#include <string.h>

#include "letter.h"
#include "yaml_tree.h"

enum type { TEXT, PATH, ADDRESS, COUNT, TRUTH, SECRET, CHOICE, ROOMS, WEBHOOKS, DAYS };

struct key {
    const char *path;
    enum type type;
    gsize at;
    const char *otherwise; /* NULL: none */
    int min, max;
    const char *words[3];
};

#define AT(field) offsetof(struct settings, field)

static const struct key keys[] = {
    {"postgres.url", TEXT, AT(postgres_url), "embedded", 0, 0, {0}},
    {"postgres.owner_url", TEXT, AT(postgres_owner_url), NULL, 0, 0, {0}},
    {"redis.socket", TEXT, AT(redis_socket), "embedded", 0, 0, {0}},
    {"mail.from_name", TEXT, AT(mail_from_name), "ticklerd", 0, 0, {0}},
    {"mail.from_address", ADDRESS, AT(mail_from_address), "ticklerd@localhost", 0, 0, {0}},
    {"mail.maildir", PATH, AT(maildir), "mail", 0, 0, {0}},
    {"mail.bounces", PATH, AT(bounces), "bounces", 0, 0, {0}},
    {"mail.if_unknown", CHOICE, AT(resend_unknown), "ask", 0, 0, {"ask", "resend"}},
    {"mail.relay.url", TEXT, AT(relay_url), NULL, 0, 0, {0}},
    {"mail.relay.starttls", TRUTH, AT(relay_starttls), "true", 0, 0, {0}},
    {"mail.relay.user", TEXT, AT(relay_user), NULL, 0, 0, {0}},
    {"mail.relay.password", SECRET, AT(relay_password_source), NULL, 0, 0, {0}},
    {"mail.relay.ca_file", PATH, AT(relay_ca_file), NULL, 0, 0, {0}},
    {"mail.relay.timeout", COUNT, AT(relay_timeout_s), "60", 5, 900, {0}},
    {"mail.relay.connections", COUNT, AT(relay_connections), "4", 1, 32, {0}},
    {"mail.limits.per_second", COUNT, AT(relay_per_second), "0", 0, 10000, {0}},
    {"mail.limits.per_minute", COUNT, AT(relay_per_minute), "0", 0, 600000, {0}},
    {"mail.limits.per_day", COUNT, AT(relay_per_day), "0", 0, 10000000, {0}},
    {"mail.limits.per_domain_per_minute", COUNT, AT(domain_per_minute), "0", 0, 600000, {0}},
    {"people.letters_per_day", COUNT, AT(party_per_day_total), "3", 0, 1000, {0}},
    {"rooms", ROOMS, AT(rooms), NULL, 0, 64, {0}},
    {"days_off", DAYS, AT(days_off), NULL, 0, 0, {0}},
    {"webhooks", WEBHOOKS, AT(webhooks), NULL, 0, 0, {0}},
    {"queue.batch", COUNT, AT(batch), "250", 1, 1000, {0}},
    {"queue.send_window", COUNT, AT(send_window), "16", 1, 100, {0}},
    {"queue.drain", COUNT, AT(drain_s), "20", 1, 600, {0}},
    {"queue.retry_first", COUNT, AT(retry_first_s), "300", 1, 86400, {0}},
    {"queue.retry_limit", COUNT, AT(retry_limit), "12", 1, 100, {0}},
};

struct reader {
    struct settings *into;
    const char *dir;
    struct problems *problems;
};

static void webhook_free(gpointer data)
{
    struct settings_webhook *hook = data;
    g_free(hook->url);
    g_free(hook->secret_source);
    g_free(hook);
}

static void room_free(gpointer data)
{
    struct settings_room *room = data;
    g_free(room->worker);
    g_free(room);
}

static void take_rooms(struct reader *in, const struct yaml *node)
{
    if (node->kind != YAML_MAP) {
        yaml_wrong(node, in->problems, "rooms with a number of processes are expected: {invoice_escalation: 2}");
        return;
    }
    for (guint i = 0; i < node->keys->len; i++) {
        struct settings_room *room = g_new0(struct settings_room, 1);
        room->worker = g_strdup(((struct yaml *)node->keys->pdata[i])->text);
        if (!yaml_count(node->values->pdata[i], 0, 64, &room->processes, in->problems))
            room->processes = 0;
        g_ptr_array_add(in->into->rooms, room);
    }
}

static gboolean secret_source(const struct yaml *node, char **into, struct problems *problems)
{
    const char *text;
    if (!yaml_text(node, &text, problems))
        return FALSE;
    if (!g_str_has_prefix(text, "file:") && !g_str_has_prefix(text, "credential:")) {
        yaml_wrong(node, problems, "a secret never stands in YAML; write file:/path or credential:NAME");
        return FALSE;
    }
    g_free(*into);
    *into = g_strdup(text);
    return TRUE;
}

static void take_webhook(struct reader *in, const struct yaml *node)
{
    static const char *const words[] = {"url", "secret", "allow_private"};
    if (!yaml_expect_map(node, words, ARRAY_LEN(words), in->problems))
        return;
    struct settings_webhook *hook = g_new0(struct settings_webhook, 1);
    g_ptr_array_add(in->into->webhooks, hook);
    const struct yaml *url = yaml_get(node, "url"), *secret = yaml_get(node, "secret");
    const struct yaml *private = yaml_get(node, "allow_private");
    const char *text;
    if (!url || !secret) {
        yaml_wrong(node, in->problems, "a web hook needs a url and a secret");
        return;
    }
    if (private && !yaml_truth(private, &hook->allow_private, in->problems))
        return;
    if (yaml_text(url, &text, in->problems)) {
        if (!g_str_has_prefix(text, "https://") && !(hook->allow_private && g_str_has_prefix(text, "http://")))
            yaml_wrong(url, in->problems, "'%s': a web hook is called over https", text);
        hook->url = g_strdup(text);
    }
    (void)!secret_source(secret, &hook->secret_source, in->problems);
}

static void take_list(struct reader *in, const struct key *key, const struct yaml *node)
{
    if (node->kind != YAML_LIST) {
        yaml_wrong(node, in->problems, "a list is expected here");
        return;
    }
    for (guint i = 0; i < node->values->len; i++) {
        const struct yaml *item = node->values->pdata[i];
        day d;
        if (key->type == WEBHOOKS)
            take_webhook(in, item);
        else if (item->kind == YAML_TEXT && day_parse(item->text, &d))
            g_array_append_val(in->into->days_off, d);
        else
            yaml_wrong(item, in->problems, "a date YYYY-MM-DD is expected");
    }
}

static void set_text(char **into, const char *text)
{
    g_free(*into);
    *into = g_strdup(text);
}

static void take_text(struct reader *in, const struct key *key, const struct yaml *node, char **into)
{
    const char *text, *why;
    if (!yaml_text(node, &text, in->problems))
        return;
    if (key->type == ADDRESS && !letter_address_ok(text, &why))
        yaml_wrong(node, in->problems, "'%s' is no mail address: %s", text, why);
    g_autofree char *full =
        key->type == PATH && !g_path_is_absolute(text) ? g_build_filename(in->dir, text, NULL) : g_strdup(text);
    set_text(into, full);
}

static void take(struct reader *in, const struct key *key, const struct yaml *node)
{
    char *at = (char *)in->into + key->at;
    gsize words = key->words[0] ? 2 : 0;
    switch (key->type) {
    case TEXT:
    case PATH:
    case ADDRESS:
        take_text(in, key, node, (char **)at);
        break;
    case SECRET:
        (void)!secret_source(node, (char **)at, in->problems);
        break;
    case COUNT:
        (void)!yaml_count(node, key->min, key->max, (int *)at, in->problems);
        break;
    case TRUTH:
        (void)!yaml_truth(node, (gboolean *)at, in->problems);
        break;
    case CHOICE:
        (void)!yaml_choice(node, key->words, words, (int *)at, in->problems);
        break;
    case ROOMS:
        take_rooms(in, node);
        break;
    case WEBHOOKS:
    case DAYS:
        take_list(in, key, node);
        break;
    }
}

/* The words that may follow `prefix` in a path: for prefix "mail" from_name, relay, limits, ... */
static GPtrArray *words_below(const char *prefix)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    gsize length = strlen(prefix);
    for (gsize i = 0; i < ARRAY_LEN(keys); i++) {
        const char *rest = keys[i].path;
        if (length && (!g_str_has_prefix(rest, prefix) || rest[length] != '.'))
            continue;
        rest += length ? length + 1 : 0;
        char *word = g_strndup(rest, strcspn(rest, "."));
        if (words->len && strcmp(words->pdata[words->len - 1], word) == 0)
            g_free(word);
        else
            g_ptr_array_add(words, word);
    }
    return words;
}

static const struct key *key_at(const char *path)
{
    for (gsize i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i].path, path) == 0)
            return &keys[i];
    return NULL;
}

static void walk(struct reader *in, const struct yaml *map, const char *prefix)
{
    g_autoptr(GPtrArray) words = words_below(prefix);
    (void)!yaml_expect_map(map, (const char *const *)words->pdata, words->len, in->problems);
    for (guint i = 0; map->kind == YAML_MAP && i < map->keys->len; i++) {
        const struct yaml *key = map->keys->pdata[i];
        g_autofree char *path = *prefix ? g_strdup_printf("%s.%s", prefix, key->text) : g_strdup(key->text);
        g_autoptr(GPtrArray) below = words_below(path);
        const struct key *row = key_at(path);
        if (row)
            take(in, row, map->values->pdata[i]);
        else if (below->len)
            walk(in, map->values->pdata[i], path);
    }
}

static void set_defaults(struct settings *settings, const char *dir)
{
    for (gsize i = 0; i < ARRAY_LEN(keys); i++) {
        const struct key *key = &keys[i];
        void *at = (char *)settings + key->at;
        if (!key->otherwise)
            continue;
        if (key->type == COUNT)
            *(int *)at = (int)g_ascii_strtoll(key->otherwise, NULL, 10);
        else if (key->type == TRUTH)
            *(gboolean *)at = key->otherwise[0] == 't';
        else if (key->type == PATH)
            *(char **)at = g_build_filename(dir, key->otherwise, NULL);
        else if (key->type != CHOICE) /* the first word is 0 */
            *(char **)at = g_strdup(key->otherwise);
    }
}

struct settings *settings_load(const char *path, const char *dir, struct problems *problems)
{
    guint before = problems_count(problems);
    struct yaml *root = yaml_load(path, problems);
    if (!root)
        return NULL;
    struct settings *settings = g_new0(struct settings, 1);
    settings->webhooks = g_ptr_array_new_with_free_func(webhook_free);
    settings->rooms = g_ptr_array_new_with_free_func(room_free);
    settings->days_off = g_array_new(FALSE, FALSE, sizeof(day));
    set_defaults(settings, dir);
    struct reader in = {.into = settings, .dir = dir, .problems = problems};
    walk(&in, root, "");
    if (settings->relay_user && !settings->relay_password_source)
        problems_add(problems, path, root->line, root->column, "mail.relay.user needs mail.relay.password");
    if (settings->relay_url && !g_str_has_prefix(settings->relay_url, "smtp://") &&
        !g_str_has_prefix(settings->relay_url, "smtps://"))
        problems_add(problems, path, root->line, root->column, "mail.relay.url begins with smtp:// or smtps://");
    const char *const urls[] = {settings->postgres_url, settings->postgres_owner_url, settings->relay_url};
    for (gsize i = 0; i < ARRAY_LEN(urls); i++)
        if (urls[i] && (strstr(urls[i], "password=") || (strstr(urls[i], "://") && strchr(urls[i], '@'))))
            problems_add(
                problems, path, root->line, root->column,
                "a secret never stands in YAML, also not inside a url; for Postgres use passfile= or a socket, "
                "for the relay mail.relay.password");
    if (strcmp(settings->postgres_url, "embedded") != 0 && !settings->postgres_owner_url)
        problems_add(problems, path, root->line, root->column,
                     "postgres.owner_url is missing: an external database is migrated under its owner's role");
    yaml_tree_free(root);
    if (problems_count(problems) > before)
        g_clear_pointer(&settings, settings_free);
    return settings;
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    for (gsize i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i].type == TEXT || keys[i].type == PATH || keys[i].type == ADDRESS || keys[i].type == SECRET)
            g_free(*(char **)((char *)settings + keys[i].at));
    g_ptr_array_unref(settings->webhooks);
    g_ptr_array_unref(settings->rooms);
    g_array_unref(settings->days_off);
    g_free(settings);
}
