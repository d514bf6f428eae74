/*
 * patience.h: waiting for a Postgres that is away, read-only, full or has no connection free. Whoever waits says why in
 * one sentence (in the log now and then each minute, in `tickler status` as long as it lasts), beats, and says when it
 * is over.
 */
#pragma once

#include "db.h"

/* db_open_pinned, again and again. NULL: asked to stop; the error says what stood in the way. */
MUST_CHECK struct db *patience_open(const char *url, const char *who, GError **error);

/* Opens again when the connection is lost; FALSE: not within `most_us`, or asked to stop. */
MUST_CHECK gboolean patience_reopen(struct db *db, gint64 most_us);

/* Something failed for the server's sake. */
void patience_failed(const GError *error);
/* The same, and waits: a quarter of a second, then longer each time, up to 2 s. */
void patience_wait(const GError *error);

/* For who has nothing to do: looks now and then whether it is over. */
void patience_look(struct db *db);

/* It works. */
void patience_over(void);
