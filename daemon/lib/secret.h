/*
 * secret.h: secrets come from files or systemd credentials, never from YAML, the command line or the environment.
 * "file:/path" or "credential:NAME" ($CREDENTIALS_DIRECTORY/NAME).
 */
#pragma once

#include <glib.h>

#include "attr.h"

/* Reads the secret and strips one final newline. Refuses a file that group or others can read, an empty one, one over
 * 4 KiB, one with NUL or a line break inside. The result is wiped and freed by secret_free. */
MUST_CHECK char *secret_read(const char *source, GError **error);
void secret_free(char *secret);
