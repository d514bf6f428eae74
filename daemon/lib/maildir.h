/* maildir.h: delivery into a Maildir. A file name made from the message id, so that the Maildir can be asked later. */
#pragma once

#include <glib.h>

#include "attr.h"

/* Makes DIR/{tmp,new,cur} (0700). */
MUST_CHECK gboolean maildir_make(const char *dir, GError **error);

/* Writes tmp/ID, fsyncs, renames to new/ID, fsyncs the folder. Delivering the same id again leaves one file. */
MUST_CHECK gboolean maildir_deliver(const char *dir, const char *id, GBytes *letter, GError **error);

/* Whether a letter of that id is in new/ or cur/ (with any flags). */
gboolean maildir_has(const char *dir, const char *id);
