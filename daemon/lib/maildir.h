/* maildir.h: delivery into a Maildir. A file name made from the message id, so that the Maildir can be asked later. */
#pragma once

#include <glib.h>

#include "attr.h"

/* Makes DIR/{tmp,new,cur} (0700). */
MUST_CHECK gboolean maildir_make(const char *dir, GError **error);

struct maildir_letter {
    const char *id;
    GBytes *bytes;
    gboolean is_there; /* the answer: it is in the Maildir, durably */
};

/* For each letter: writes tmp/ID, fsyncs, renames to new/ID; then fsyncs the folder, once for all. Delivering the same
 * id again leaves one file. FALSE with the first trouble; the letters say which of them are there all the same. */
MUST_CHECK gboolean maildir_deliver(const char *dir, struct maildir_letter *letters, gsize n, GError **error);

/* Whether a letter of that id is in new/ or cur/ (with any flags). */
gboolean maildir_has(const char *dir, const char *id);
