/*
 * Configuration: ticklerd.yaml, a schedule, or a rule pack, whichever the text's own keys say. All of it is read or
 * there are problems, each one line that names its file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"
#include "schedule.h"
#include "settings.h"

#include "../fuzz.h"

static const char *const rooms[] = {"invoice_escalation", "check_in",          "license_renewal",
                                    "payer_followup",     "onboarding_packet", "task_desk"};
static char *dir; /* schedules/ROOM.yaml and rules/ point to the input */

static char *below(const char *folder, const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    return g_build_filename(folder, file, NULL);
}

static void point_to(const char *path, const char *input)
{
    g_autofree char *folder = g_path_get_dirname(path);
    must(g_mkdir_with_parents(folder, 0700) == 0 && symlink(input, path) == 0);
}

/* licenses/rules/ holds the input as the pack of licenses, beside an empty pack of packets; packets/ likewise. */
static void make_pack(const char *name, const char *other, const char *other_text, const char *input)
{
    g_autofree char *folder = g_build_filename(dir, name, "rules", NULL);
    g_autofree char *path = below(folder, name, ".yaml"), *beside = below(folder, other, ".yaml");
    point_to(path, input);
    must(g_file_set_contents(beside, other_text, -1, NULL));
}

static void make_folders(const char *input)
{
    dir = g_dir_make_tmp("fuzz-yaml.XXXXXX", NULL);
    must(dir);
    for (gsize i = 0; i < G_N_ELEMENTS(rooms); i++) {
        g_autofree char *path = below(dir, rooms[i], ".yaml");
        point_to(path, input);
    }
    make_pack("licenses", "packets", "items: []\n", input);
    make_pack("packets", "licenses", "rules: []\n", input);
}

static gboolean has_key(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at && (at == text || at[-1] == '\n');
}

static gboolean read_schedule(const char *text, struct problems *problems)
{
    const char *room = rooms[0];
    for (gsize i = 0; i < G_N_ELEMENTS(rooms); i++) {
        g_autofree char *line = g_strconcat("worker: ", rooms[i], NULL);
        room = has_key(text, line) ? rooms[i] : room;
    }
    g_autofree char *path = below(dir, room, ".yaml"), *templates = below(SOURCE_DIR "/config/templates", room, "");
    struct schedule *schedule = schedule_load(path, templates, NULL, problems);
    schedule_free(schedule);
    return schedule != NULL;
}

static gboolean read_rules(const char *pack, struct problems *problems)
{
    g_autofree char *folder = g_build_filename(dir, pack, NULL);
    struct rules *rules = rules_load(folder, problems);
    rules_free(rules);
    return rules != NULL;
}

static gboolean read_settings(const char *path, struct problems *problems)
{
    struct settings *settings = settings_load(path, "/state", problems);
    settings_free(settings);
    return settings != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *input = fuzz_file(bytes, size);
    if (!dir)
        make_folders(input);
    g_autofree char *text = g_strndup((const char *)bytes, size);
    struct problems *problems = problems_new();
    gboolean good = has_key(text, "worker:")  ? read_schedule(text, problems)
                    : has_key(text, "rules:") ? read_rules("licenses", problems)
                    : has_key(text, "items:") ? read_rules("packets", problems)
                                              : read_settings(input, problems);
    must(good == (problems_count(problems) == 0));
    for (guint i = 0; i < problems_count(problems); i++)
        must(fuzz_is_one_line(problems_text(problems, i)));
    problems_free(problems);
    return 0;
}
