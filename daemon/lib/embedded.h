/*
 * embedded.h: a Postgres and a Redis of our own below the state directory, on unix sockets only, open to our user
 * alone.
 *
 *   DIR/postgres/  the cluster; superuser ticklerd_owner, database ticklerd; peer authentication with an ident map
 *   DIR/run/postgres/.s.PGSQL.5432   DIR/run/redis.sock   DIR/run/postgres.log   DIR/run/redis.log
 */
#pragma once

#include <glib.h>

#include "attr.h"

/* Makes DIR, DIR/run (0700) and, on first use, the cluster. Refuses to run as root, and a DIR whose sockets' paths
 * would be too long. Waits for a Postgres that an ended supervisor left shutting down. */
MUST_CHECK gboolean embedded_prepare(const char *dir, GError **error);

/* Command lines to exec, NULL-terminated. Free with g_strfreev. */
MUST_CHECK char **embedded_postgres_argv(const char *dir, GError **error);
char **embedded_redis_argv(const char *dir);

/* libpq strings for the embedded server. Free with g_free. */
char *embedded_url(const char *dir, const char *role);
char *embedded_redis_socket(const char *dir);

/* Starts a program for a moment: the child's pid, or -1. Its output goes to `log` (a path, or NULL for ours). The child
 * gets `death_signal` when we die, and an empty signal mask. */
MUST_CHECK int spawn(char *const *argv, const char *log, int death_signal, GError **error);

/* Where the programs stand beside each other: the folder of our own executable. Free with g_free. */
char *programs_dir(void);

/* Where the shipped configuration and schema are: $TICKLER_SHARE, ../share/ticklerd beside an installed program, or the
 * source tree that it was built from. Free with g_free. */
char *share_dir(void);
