/* The rule packs, each read through a table of its keys. */
#include "rules.h"

#include <errno.h>
#include <string.h>

#include "crypto.h"
#include "day.h"
#include "yaml_tree.h"

const char *const license_states[] = {"AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI",
                                      "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI",
                                      "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC",
                                      "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT",
                                      "VT", "VA", "WA", "WV", "WI", "WY", "DC", "PR", "US", NULL};
const char *const license_types[] = {"LCSW",  "LICSW", "LISW",         "LSW",     "LPC",
                                     "LMHC",  "LPCC",  "LCPC",         "LCMHC",   "LMFT",
                                     "IMFT",  "MFT",   "psychologist", "APRN",    "RN",
                                     "PMHNP", "DEA",   "PMHNP_BC",     "PSYPACT", "compact_privilege",
                                     "other", NULL};
const char *const facility_types[] = {"cmhc",   "inpatient_psychiatric", "php",        "iop",
                                      "school", "correctional",          "telehealth", NULL};
static const char *const first_renewals[] = {"full", "exempt", "prorated", NULL};
static const char *const confidences[] = {"primary", "secondary", "uncertain", NULL};
static const char *const providers[] = {"therapist", "facility", "agency", NULL};
static const char *const readers[] = {"therapist", "facility", NULL};

enum value { VALUE_TEXT, VALUE_WORD, VALUE_MONTHS, VALUE_DAYS, VALUE_COUNT, VALUE_DATE, VALUE_TRUTH };

struct key {
    const char *name;
    enum value value;
    gboolean required;
    const char *const *words; /* VALUE_WORD */
};

static const struct key license_keys[] = {{"type", VALUE_WORD, TRUE, license_types},
                                          {"cycle", VALUE_MONTHS, TRUE, NULL},
                                          {"expiry", VALUE_TEXT, FALSE, NULL},
                                          {"ce_hours", VALUE_COUNT, FALSE, NULL},
                                          {"carry_over", VALUE_COUNT, FALSE, NULL},
                                          {"ce_by", VALUE_DAYS, FALSE, NULL},
                                          {"apply_by", VALUE_DAYS, FALSE, NULL},
                                          {"opens", VALUE_DAYS, FALSE, NULL},
                                          {"grace", VALUE_DAYS, FALSE, NULL},
                                          {"first_renewal", VALUE_WORD, FALSE, first_renewals},
                                          {"source", VALUE_TEXT, TRUE, NULL},
                                          {"as_of", VALUE_DATE, TRUE, NULL},
                                          {"confidence", VALUE_WORD, TRUE, confidences},
                                          {0}};
static const struct key item_keys[] = {{"item", VALUE_TEXT, TRUE, NULL},
                                       {"title", VALUE_TEXT, TRUE, NULL},
                                       {"provider", VALUE_WORD, TRUE, providers},
                                       {"lead", VALUE_DAYS, FALSE, NULL},
                                       {"required", VALUE_TRUTH, FALSE, NULL},
                                       {"document", VALUE_TEXT, FALSE, NULL},
                                       {"reader", VALUE_WORD, FALSE, readers},
                                       {"ask", VALUE_TEXT, FALSE, NULL},
                                       {"again_if_moved", VALUE_TRUTH, FALSE, NULL},
                                       {0}};

/* --- values */

/* "2y", "6m" as months; "30d" as days. */
static gboolean take_span(const struct yaml *node, gboolean months, int *ret, struct problems *problems)
{
    const char *text = node->kind == YAML_TEXT ? node->text : "";
    char *unit = (char *)text;
    gint64 count = g_ascii_isdigit(text[0]) ? g_ascii_strtoll(text, &unit, 10) : -1;
    gboolean years = strcmp(unit, "y") == 0;
    gboolean good = months ? count >= 1 && count <= (years ? 10 : 120) && (years || strcmp(unit, "m") == 0)
                           : count >= 0 && count <= 3650 && strcmp(unit, "d") == 0;
    if (good)
        *ret = (int)(years ? count * 12 : count);
    else
        yaml_wrong(node, problems, "%s is expected",
                   months ? "a span like 2y or 18m, at most ten years," : "a number of days like 30d");
    return good;
}

static gboolean take_word(const struct yaml *node, const char *const *words, const char **ret,
                          struct problems *problems)
{
    int choice;
    if (!yaml_choice(node, words, g_strv_length((char **)words), &choice, problems))
        return FALSE;
    *ret = words[choice];
    return TRUE;
}

static void take_value(const struct key *key, const struct yaml *node, struct js *row, struct problems *problems)
{
    const char *text;
    int number;
    gboolean truth;
    day d;
    switch (key->value) {
    case VALUE_TEXT:
        if (yaml_text(node, &text, problems))
            js_set_text(row, key->name, text);
        return;
    case VALUE_WORD:
        if (take_word(node, key->words, &text, problems))
            js_set_text(row, key->name, text);
        return;
    case VALUE_MONTHS:
    case VALUE_DAYS:
        if (take_span(node, key->value == VALUE_MONTHS, &number, problems))
            js_set_int(row, key->name, number);
        return;
    case VALUE_COUNT:
        if (yaml_count(node, 0, 1000, &number, problems))
            js_set_int(row, key->name, number);
        return;
    case VALUE_DATE:
        if (yaml_text(node, &text, problems) && !day_parse(text, &d))
            yaml_wrong(node, problems, "'%s' is no date; write YYYY-MM-DD", text);
        else if (node->kind == YAML_TEXT)
            js_set_text(row, key->name, node->text);
        return;
    case VALUE_TRUTH:
        if (yaml_truth(node, &truth, problems))
            js_set_bool(row, key->name, truth);
        return;
    }
}

static void take_keys(const struct key *keys, const struct yaml *node, struct js *row, struct problems *problems)
{
    for (const struct key *key = keys; key->name; key++) {
        const struct yaml *value = yaml_get(node, key->name);
        if (value)
            take_value(key, value, row, problems);
        else if (key->required)
            yaml_wrong(node, problems, "the key '%s' is missing", key->name);
    }
}

/* Is it a map of these keys and the two more (NULL: none)? */
static gboolean is_map_of(const struct yaml *node, const struct key *keys, const char *more, const char *another,
                          struct problems *problems)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const struct key *key = keys; key->name; key++)
        g_ptr_array_add(names, (gpointer)key->name);
    if (more)
        g_ptr_array_add(names, (gpointer)more);
    if (another)
        g_ptr_array_add(names, (gpointer)another);
    (void)!yaml_expect_map(node, (const char *const *)names->pdata, names->len, problems);
    return node->kind == YAML_MAP;
}

static gboolean is_new(GHashTable *seen, const struct yaml *at, const char *what, struct problems *problems)
{
    gpointer earlier = g_hash_table_lookup(seen, what);
    if (earlier)
        yaml_wrong(at, problems, "there is a rule for %s already, in line %d", what, GPOINTER_TO_INT(earlier));
    g_hash_table_insert(seen, g_strdup(what), GINT_TO_POINTER(at->line));
    return !earlier;
}

/* --- licenses.yaml: rules: [{state: TX, type: [LPC, LMFT], cycle: 2y, ...}] */

static struct js *categories_of(const struct yaml *node, struct problems *problems)
{
    struct js *list = js_array();
    if (node && node->kind != YAML_MAP)
        yaml_wrong(node, problems, "hours by category are expected: {ethics: 6}");
    for (guint i = 0; node && node->kind == YAML_MAP && i < node->keys->len; i++) {
        int hours;
        if (!yaml_count(node->values->pdata[i], 1, 1000, &hours, problems))
            continue;
        struct js *row = js_object();
        js_set_text(row, "category", ((struct yaml *)node->keys->pdata[i])->text);
        js_set_int(row, "hours", hours);
        js_add(list, row);
    }
    return list;
}

/* Sums that no board asks for are slips of the pen. */
static void check_license_sums(const struct yaml *node, const struct js *row, struct problems *problems)
{
    const struct js *categories = js_get(row, "categories");
    gint64 hours = js_get_int(row, "ce_hours", 0), named = 0;
    for (gsize i = 0; categories && i < js_length(categories); i++)
        named += js_get_int(js_at(categories, i), "hours", 0);
    if (named > hours)
        yaml_wrong(yaml_get(node, "categories"), problems, "the categories ask for %d hours, the whole for %d",
                   (int)named, (int)hours);
    if (js_get_int(row, "carry_over", 0) > hours)
        yaml_wrong(yaml_get(node, "carry_over"), problems, "more hours are carried over than a cycle asks for (%d)",
                   (int)hours);
}

static void add_license_rule(const struct yaml *node, const struct yaml *type, GHashTable *seen, struct js *rows,
                             struct problems *problems)
{
    struct js *row = js_object();
    const char *state = NULL, *word = NULL;
    const struct yaml *state_node = yaml_get(node, "state");
    guint before = problems_count(problems);
    take_keys(license_keys + 1, node, row, problems);
    if (!take_word(type, license_types, &word, problems) || !take_word(state_node, license_states, &state, problems)) {
        js_unref(row);
        return;
    }
    g_autofree char *what = g_strdup_printf("%s %s", state, word);
    (void)!is_new(seen, node, what, problems);
    js_set_text(row, "state", state);
    js_set_text(row, "type", word);
    js_set(row, "categories", categories_of(yaml_get(node, "categories"), problems));
    if (problems_count(problems) == before)
        check_license_sums(node, row, problems);
    js_add(rows, row);
}

static void take_license(const struct yaml *node, GHashTable *seen, struct js *rows, struct problems *problems)
{
    const struct yaml *type = yaml_get(node, "type");
    if (!is_map_of(node, license_keys, "state", "categories", problems))
        return;
    if (!type || !yaml_get(node, "state")) {
        yaml_wrong(node, problems, "a rule needs a state and a type: {state: TX, type: LPC, ...}");
        return;
    }
    gsize n = type->kind == YAML_LIST ? type->values->len : 1;
    if (n == 0)
        yaml_wrong(type, problems, "at least one type is expected: [LCSW, LMFT]");
    for (gsize i = 0; i < n; i++)
        add_license_rule(node, type->kind == YAML_LIST ? type->values->pdata[i] : type, seen, rows, problems);
}

/* --- packets.yaml: items: [{for: [all], item: ..., ...}] */

static void add_item(const struct yaml *node, const char *facility_type, GHashTable *seen, struct js *rows,
                     struct problems *problems)
{
    struct js *row = js_object();
    take_keys(item_keys, node, row, problems);
    const char *item = js_get_text(row, "item");
    g_autofree char *what = g_strdup_printf("%s in the packet of %s", item ? item : "", facility_type);
    (void)!is_new(seen, node, what, problems);
    if (js_get(row, "document") && !js_get(row, "reader"))
        yaml_wrong(node, problems, "an item with a document says with whose letter it goes: reader: therapist");
    js_set_text(row, "facility_type", facility_type);
    js_set_int(row, "ordinal", (gint64)js_length(rows));
    js_add(rows, row);
}

static void take_item(const struct yaml *node, GHashTable *seen, struct js *rows, struct problems *problems)
{
    const struct yaml *kinds = yaml_get(node, "for");
    if (!is_map_of(node, item_keys, "for", NULL, problems))
        return;
    gboolean all = kinds && kinds->kind == YAML_TEXT && strcmp(kinds->text, "all") == 0;
    if (!kinds || (!all && kinds->kind != YAML_LIST)) {
        yaml_wrong(node, problems, "an item says for which facilities it is: for: all, or for: [cmhc, school]");
        return;
    }
    for (gsize i = 0; all ? facility_types[i] != NULL : i < kinds->values->len; i++) {
        const char *word = all ? facility_types[i] : NULL;
        if (all || take_word(kinds->values->pdata[i], facility_types, &word, problems))
            add_item(node, word, seen, rows, problems);
    }
}

/* --- the files */

typedef void take_rule(const struct yaml *node, GHashTable *seen, struct js *rows, struct problems *problems);

static const struct {
    const char *name, *list;
    take_rule *take;
} files[RULE_PACKS] = {{"licenses", "rules", take_license}, {"packets", "items", take_item}};

static void take_list(const struct yaml *root, const char *list, take_rule *take, struct js *rows,
                      struct problems *problems)
{
    const struct yaml *node = yaml_get(root, list);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!yaml_expect_map(root, &list, 1, problems))
        return;
    if (!node || node->kind != YAML_LIST) {
        yaml_wrong(root, problems, "a list `%s:` is expected", list);
        return;
    }
    for (guint i = 0; i < node->values->len; i++)
        take(node->values->pdata[i], seen, rows, problems);
}

static void load_pack(const char *config_dir, gsize i, struct rule_pack *ret, struct problems *problems)
{
    g_autofree char *file = g_strconcat(files[i].name, ".yaml", NULL);
    g_autofree char *folder = g_build_filename(config_dir, "rules", NULL), *bytes = NULL;
    g_autofree char *path = g_build_filename(folder, file, NULL);
    gsize length = 0;
    AUTO_JS struct js *rows = js_array();
    errno = 0;
    if (!g_file_get_contents(path, &bytes, &length, NULL)) {
        if (g_file_test(folder, G_FILE_TEST_EXISTS))
            problems_add(problems, path, 0, 0, "cannot be read: %s", g_strerror(errno));
    } else {
        struct yaml *root = yaml_load(path, problems);
        if (root)
            take_list(root, files[i].list, files[i].take, rows, problems);
        yaml_tree_free(root);
    }
    *ret = (struct rule_pack){.name = files[i].name,
                              .digest = crypto_sha256_hex(bytes ? bytes : "", length),
                              .rows = js_print(rows)};
}

struct rules *rules_load(const char *config_dir, struct problems *problems)
{
    guint before = problems_count(problems);
    struct rules *rules = g_new0(struct rules, 1);
    for (gsize i = 0; i < RULE_PACKS; i++)
        load_pack(config_dir, i, &rules->packs[i], problems);
    if (problems_count(problems) > before)
        g_clear_pointer(&rules, rules_free);
    return rules;
}

void rules_free(struct rules *rules)
{
    if (!rules)
        return;
    for (gsize i = 0; i < RULE_PACKS; i++) {
        g_free(rules->packs[i].digest);
        g_free(rules->packs[i].rows);
    }
    g_free(rules);
}
