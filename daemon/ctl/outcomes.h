/*
 * outcomes.h: what people may record about a task, as one table (outcomes.c): in which rooms, with which options, and
 * what it changes on the records. Other fronts than the shell use the same two functions.
 */
#pragma once

#include "commands.h"

/* The words behind `task ID done`; each may be NULL. */
struct outcome_request {
    char *outcome, *note, *date, *amount, *score, *item;
};

struct outcome;

/* The outcome of that name which tasks of this room know; NULL after the refusal was said, with the right ones. */
const struct outcome *outcome_find(const char *worker, const char *word);

/* "voicemail_left [--date D: when to try again]", ...: one a line, for a task of this room. Free with g_free. */
char *outcome_list(const char *worker, const char *line_start);

/*
 * Closes the task with its outcome: the change of the records, the follow-up for --date, and the events, in one
 * transaction. Answers 0, or 1 after the refusal was said; then nothing has changed.
 */
int outcome_record(struct office *office, const char *task, const struct outcome *outcome,
                   const struct outcome_request *request);
