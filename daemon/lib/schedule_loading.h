/* schedule_loading.h: what the files that read a schedule share. Everybody else includes schedule.h only. */
#pragma once

#include "js.h"
#include "problems.h"
#include "schedule.h"
#include "yaml_tree.h"

struct loading {
    struct schedule *schedule;
    struct problems *problems;
    const char *templates_dir;
    struct js *sample; /* what this room's templates may name; NULL when there is none to check against */
};

/* schedule_steps.c */
void take_offset(struct loading *in, const struct yaml *node, struct offset *ret, char **ret_text);
/* A step of the YAML, with its repetitions, at the end of the ladder. */
void take_step(struct loading *in, const struct yaml *node);
/* `every` and `until` of a node repeat a step: follow_up, follow_up_2, ... The repetitions are added to `ret`. */
void series_of(struct loading *in, const struct yaml *node, const struct step *first, GPtrArray *ret);
const struct step *find_step(const GPtrArray *steps, const char *id);
struct step *step_copy(const struct step *from);
void step_free(gpointer step);

/* schedule_ladder.c */
void ladder_check_order(struct loading *in, const struct yaml *at, const GPtrArray *steps);
/*
 * Gives every step its ordinal: by its distance from the anchor, not by its place in the file, so that an edit of the
 * ladder leaves the ordinals of the other steps, and what the ledger says of them, as they are.
 */
void ladder_number(GPtrArray *ladder);
void take_override(struct loading *in, const struct yaml *node);
