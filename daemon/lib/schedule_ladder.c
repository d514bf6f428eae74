/* Steps as a ladder: their order, their numbers, and the ladders of variants (`overrides`). */
#include <string.h>

#include "rules.h"
#include "schedule_loading.h"

/* How far from the anchor, in tenths of a day. Business days count as 7/5 of a day: near enough to put steps in order.
 */
static int distance(const struct offset *at)
{
    return at->count * (at->business ? 14 : 10) + at->then_business * 14;
}

/* The step before `i` on the same track; NULL for the first. */
static const struct step *before_on_track(const GPtrArray *ladder, guint i)
{
    const struct step *step = ladder->pdata[i];
    while (i-- > 0)
        if (((const struct step *)ladder->pdata[i])->track == step->track)
            return ladder->pdata[i];
    return NULL;
}

void ladder_number(GPtrArray *ladder)
{
    for (guint i = 0; i < ladder->len; i++) {
        struct step *step = ladder->pdata[i];
        const struct step *before = before_on_track(ladder, i);
        int place = TRACK_SIZE / 2 + distance(&step->at);
        if (before)
            place = MAX(place, before->ordinal % TRACK_SIZE + 1);
        step->ordinal = step->track * TRACK_SIZE + place;
    }
}

/* Where the step stands in a list of steps; `steps` itself where that is an override's map. */
static const struct yaml *place_of(const struct yaml *steps, const struct step *step)
{
    for (guint i = 0; steps->kind == YAML_LIST && i < steps->values->len; i++) {
        const struct yaml *id = yaml_get(steps->values->pdata[i], "id");
        if (id && id->kind == YAML_TEXT && strcmp(id->text, step->id) == 0)
            return steps->values->pdata[i];
    }
    return steps;
}

void ladder_check_order(struct loading *in, const struct yaml *at, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const struct step *step = steps->pdata[i], *before = before_on_track(steps, i);
        if (before && distance(&step->at) < distance(&before->at))
            yaml_wrong(place_of(at, step), in->problems,
                       "step '%s' (%s) stands after '%s' (%s), which comes later; put the steps in order", step->id,
                       step->at_text, before->id, before->at_text);
    }
}

static GPtrArray *copy_steps(const GPtrArray *steps)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func(step_free);
    for (guint i = 0; i < steps->len; i++)
        g_ptr_array_add(copy, step_copy(steps->pdata[i]));
    return copy;
}

/* Takes a step, and its repetitions, off the ladder. */
static void drop_series(GPtrArray *ladder, const char *series)
{
    for (guint i = ladder->len; i-- > 0;)
        if (strcmp(((struct step *)ladder->pdata[i])->series, series) == 0)
            g_ptr_array_remove_index(ladder, i);
}

static struct step *first_of_series(const GPtrArray *ladder, const char *series, guint *ret_at)
{
    for (*ret_at = 0; *ret_at < ladder->len; (*ret_at)++)
        if (strcmp(((struct step *)ladder->pdata[*ret_at])->series, series) == 0)
            return ladder->pdata[*ret_at];
    return NULL;
}

/* A repeated step is repeated otherwise. */
static void lay_anew(struct loading *in, GPtrArray *ladder, const struct yaml *change, guint at)
{
    g_autoptr(GPtrArray) again = g_ptr_array_new();
    struct step *first = step_copy(ladder->pdata[at]);
    series_of(in, change, first, again);
    drop_series(ladder, first->series);
    g_ptr_array_insert(ladder, (int)at, first);
    for (guint i = 0; i < again->len; i++)
        g_ptr_array_insert(ladder, (int)(at + 1 + i), again->pdata[i]);
}

/* The repetitions move with the first of a series. */
static void shift_series(struct loading *in, GPtrArray *ladder, const struct yaml *change, const struct step *first,
                         const struct offset *was)
{
    for (guint i = 0; i < ladder->len; i++) {
        struct step *step = ladder->pdata[i];
        if (step == first || strcmp(step->series, first->series) != 0)
            continue;
        if (first->at.business != was->business || first->at.then_business != was->then_business) {
            yaml_wrong(change, in->problems, "'%s' repeats; to count other days say also `every` and `until`",
                       first->id);
            return;
        }
        step->at.count += first->at.count - was->count;
        g_free(step->at_text);
        step->at_text = g_strdup_printf("%+d%s", step->at.count, step->at.business ? "bd" : "d");
    }
}

static void change_step(struct loading *in, GPtrArray *ladder, const struct yaml *key, const struct yaml *change)
{
    static const char *const words[] = {"at", "every", "until"};
    guint place;
    struct step *first = first_of_series(ladder, key->text, &place);
    if (!first) {
        yaml_wrong(key, in->problems, "there is no step '%s' to override", key->text);
        return;
    }
    if (change->kind == YAML_TEXT && (strcmp(change->text, "off") == 0 || strcmp(change->text, "false") == 0)) {
        drop_series(ladder, key->text);
        return;
    }
    if (!yaml_expect_map(change, words, ARRAY_LEN(words), in->problems))
        return;
    const struct yaml *at = yaml_get(change, "at");
    const struct offset was = first->at;
    gboolean anew = yaml_get(change, "every") || yaml_get(change, "until");
    if (at)
        take_offset(in, at, &first->at, &first->at_text);
    else if (!anew)
        yaml_wrong(change, in->problems, "{at: +35d}, {at: +30d, every: 30d, until: +120d} or off is expected");
    if (anew)
        lay_anew(in, ladder, change, place);
    else
        shift_series(in, ladder, change, first, &was);
}

/* The variants that an override is for: kinds of facility, or payers by their own ids. */
static const struct yaml *take_when(struct loading *in, const struct yaml *when)
{
    static const char *const words[] = {"facility_type", "payer"};
    if (!yaml_expect_map(when, words, ARRAY_LEN(words), in->problems))
        return NULL;
    const struct yaml *types = yaml_get(when, "facility_type"), *list = types ? types : yaml_get(when, "payer");
    if (when->keys->len != 1 || !list || list->kind != YAML_LIST) {
        yaml_wrong(when, in->problems, "{facility_type: [...]} or {payer: [...]} is expected");
        return NULL;
    }
    gboolean good = TRUE;
    for (guint i = 0; i < list->values->len; i++) {
        int type;
        const char *text;
        good = (types ? yaml_choice(list->values->pdata[i], facility_types, g_strv_length((char **)facility_types),
                                    &type, in->problems)
                      : yaml_text(list->values->pdata[i], &text, in->problems)) &&
               good;
    }
    return good ? list : NULL;
}

void take_override(struct loading *in, const struct yaml *node)
{
    static const char *const words[] = {"when", "steps"};
    const struct yaml *when = yaml_get(node, "when"), *steps = yaml_get(node, "steps");
    if (!yaml_expect_map(node, words, ARRAY_LEN(words), in->problems) || !when || !steps || steps->kind != YAML_MAP) {
        yaml_wrong(node, in->problems,
                   "{when: {facility_type: [...]}, steps: {call: {at: +35d}, courtesy: off}} is expected");
        return;
    }
    const struct yaml *variants = take_when(in, when);
    for (guint i = 0; variants && i < variants->values->len; i++) {
        const char *variant = ((struct yaml *)variants->values->pdata[i])->text;
        GPtrArray *ladder = copy_steps(schedule_ladder(in->schedule, variant));
        for (guint k = 0; k < steps->keys->len; k++)
            change_step(in, ladder, steps->keys->pdata[k], steps->values->pdata[k]);
        ladder_check_order(in, steps, ladder);
        ladder_number(ladder);
        g_hash_table_replace(in->schedule->overrides, g_strdup(variant), ladder);
    }
}
