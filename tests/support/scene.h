/*
 * scene.h: what a room decides, without a server. The rows that a query would give are made here (db.c is not linked),
 * the shipped schedule is loaded, and what comes of a party is told as one line of text for a table to compare.
 *
 *   struct scene *scene = scene_new(schedule, "2027-03-03");
 *   scene_job(scene, "", "license:L-1", "2027-04-02", "reminder_30", "item", "{...}", "gone", NULL, NULL);
 *   g_autofree char *story = scene_story(scene, &room);   // "letter reminder to therapist: license:L-1 | license:L-1
 * done" scene_free(scene);
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "problems.h"
#include "room_shared.h"

struct db_rows {
    GPtrArray *rows; /* GHashTable: column -> text */
};

const char *db_text(const struct db_rows *rows, int row, const char *column)
{
    return g_hash_table_lookup(rows->rows->pdata[row], column);
}

gint64 db_int(const struct db_rows *rows, int row, const char *column)
{
    const char *text = db_text(rows, row, column);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

struct scene {
    struct db_rows rows;
    struct party *party;
};

static inline day scene_day(const char *text)
{
    day d;
    assert_true(day_parse(text, &d));
    return d;
}

/* The shipped schedule of a room, with its templates checked. */
static inline struct schedule *scene_schedule(const char *worker)
{
    g_autofree char *path = g_strdup_printf(SOURCE_DIR "/config/schedules/%s.yaml", worker);
    g_autofree char *templates = g_strdup_printf(SOURCE_DIR "/config/templates/%s", worker);
    struct problems *problems = problems_new();
    struct schedule *schedule = schedule_load(path, templates, NULL, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        print_error("%s\n", problems_text(problems, i));
    problems_free(problems);
    assert_non_null(schedule);
    return schedule;
}

/* The newest step of a track that an anchor has reached by that day, as the planner's rungs have it; "" when none. */
static inline const char *scene_standing(const struct schedule *schedule, const char *variant, const char *track,
                                         const char *anchor, const char *today)
{
    const GPtrArray *ladder = schedule_ladder(schedule, variant);
    day anchored = scene_day(anchor), now = scene_day(today);
    const char *found = "";
    for (guint i = 0; i < ladder->len; i++) {
        const struct step *step = ladder->pdata[i];
        day oldest = offset_oldest_anchor(&step->at, schedule->calendar, now, schedule->forget_after_d);
        if (strcmp(schedule_track(schedule, step), track) == 0 &&
            anchored <= offset_latest_anchor(&step->at, schedule->calendar, now) &&
            (oldest == DAY_NONE || anchored >= oldest))
            found = step->id;
    }
    return found;
}

static inline struct scene *scene_new(const struct schedule *schedule, const char *today)
{
    struct scene *scene = g_new0(struct scene, 1);
    scene->rows.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
    scene->party = party_new(schedule, scene_day(today), zone_at(schedule->zone, scene_day(today), 9 * 60));
    return scene;
}

/* A job with its row: pairs of column and text (NULL: SQL NULL), ended by a NULL column. */
static inline struct job *scene_job(struct scene *scene, const char *variant, const char *party, const char *subject,
                                    const char *cycle, const char *step_id, ...)
{
    GHashTable *row = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    va_list pairs;
    va_start(pairs, step_id);
    for (const char *column; (column = va_arg(pairs, const char *));) {
        const char *text = va_arg(pairs, const char *);
        if (text)
            g_hash_table_insert(row, g_strdup(column), g_strdup(text));
    }
    va_end(pairs);
    g_ptr_array_add(scene->rows.rows, row);
    const struct step *step = schedule_step(scene->party->schedule, variant, step_id);
    struct job *job = g_new0(struct job, 1);
    *job = (struct job){.id = scene->rows.rows->len,
                        .agency = 1,
                        .subject_id = (gint64)g_str_hash(subject),
                        .subject = subject,
                        .party = party,
                        .cycle = scene_day(cycle),
                        .step_id = step_id,
                        .ordinal = step ? step->ordinal : -1,
                        .step = step,
                        .held = g_hash_table_lookup(row, "held"),
                        .rows = &scene->rows,
                        .row = (int)scene->rows.rows->len - 1};
    g_ptr_array_add(scene->party->jobs, job);
    return job;
}

static inline void scene_tell_jobs(GString *all, const GPtrArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++)
        g_string_append_printf(all, " %s", ((const struct job *)jobs->pdata[i])->subject);
    g_string_append(all, " | ");
}

/* Lets the room decide; "letter NAME to ROLE: subjects | task STEP to ROLE: subjects | subject verdict, ...". */
static inline char *scene_story(struct scene *scene, const struct room *room)
{
    static const char *const words[] = {
        [VERDICT_NONE] = "none",   [VERDICT_DONE] = "done", [VERDICT_SUPERSEDED] = "superseded",
        [VERDICT_NEVER] = "never", [VERDICT_MOOT] = "moot", [VERDICT_HELD] = "held",
        [VERDICT_LATER] = "later"};
    const struct party *party = scene->party;
    GString *all = g_string_new(NULL);
    room_decide(room, scene->party);
    for (guint i = 0; i < party->letters->len; i++) {
        const struct letter_wish *wish = party->letters->pdata[i];
        g_string_append_printf(all, "letter %s to", wish->template);
        for (int k = 0; k < wish->to_count; k++)
            g_string_append_printf(all, " %s", recipient_names[wish->to[k]]);
        g_string_append_c(all, ':');
        scene_tell_jobs(all, wish->jobs);
    }
    for (guint i = 0; i < party->tasks->len; i++) {
        const struct task_wish *wish = party->tasks->pdata[i];
        g_string_append_printf(all, "task %s to %s, %s:", wish->step_id, wish->role, wish->priority);
        scene_tell_jobs(all, wish->jobs);
    }
    for (guint i = 0; i < party->jobs->len; i++) {
        const struct job *job = party->jobs->pdata[i];
        g_string_append_printf(all, "%s%s %s", i ? ", " : "", job->subject, words[job->verdict]);
    }
    return g_string_free(all, FALSE);
}

static inline void scene_free(struct scene *scene)
{
    party_free(scene->party);
    g_ptr_array_unref(scene->rows.rows);
    g_free(scene);
}
