/* notify.h: what systemd wants to hear (Type=notify). Silent when nobody listens. */
#pragma once

#include <glib.h>

#include "attr.h"

/* "READY=1", "STATUS=...", "WATCHDOG=1", "STOPPING=1"; several lines in one text. */
void notify_systemd(const char *state);

/* How often to send WATCHDOG=1, in milliseconds: half of what systemd allows. 0 when it watches nobody. */
guint notify_watchdog_ms(void);
