/*
 * rules.h: the rule packs, config/rules/licenses.yaml and packets.yaml: what states ask of licenses, what kinds of
 * facility ask before a start. Rules are data with a source; a record's own dates always win over them. They are
 * checked here and applied to the database by the scheduler, where the rooms' questions read them.
 */
#pragma once

#include "js.h"
#include "problems.h"

struct rule_pack {
    const char *name; /* "licenses", "packets" */
    char *digest;     /* SHA-256 of the file */
    char *rows;       /* the rules as a JSON array of objects with the columns of their table */
};

enum { RULE_PACKS = 2 };

struct rules {
    struct rule_pack packs[RULE_PACKS];
};

extern const char *const license_states[]; /* "AL" ... "WY", "DC", "US" for national certificates; NULL-terminated */
extern const char *const license_types[];  /* "LCSW", ...; NULL-terminated */
extern const char *const facility_types[]; /* "cmhc", ...; NULL-terminated */

/* Reads CONFIG/rules/. NULL when there were problems. Without that folder there are no
 * rules; in it every pack must stand, so that a lost file does not withdraw what rests on it. */
MUST_CHECK struct rules *rules_load(const char *config_dir, struct problems *problems);
void rules_free(struct rules *rules);
