/* control.h: talking to the supervisor over DIR/run/control. */
#pragma once

#include "bus.h"
#include "js.h"

/* Asks {"do": what} and waits up to `wait_ms`; NULL when no supervisor answers. Free with js_unref. */
MUST_CHECK struct js *control_ask(const char *dir, const char *what, int wait_ms);

/* Tells the supervisor each second that this process' loop turns: a child that falls silent is killed and started
 * again. Runs on `loop` until it ends. */
void control_beat(struct loop *loop, const char *dir);

/* Says it once more, from the middle of long work. */
void control_beat_now(void);

/* What this process waits for, told with each beat and shown by `tickler status`; NULL: for nothing. */
void control_trouble(const char *sentence);

/* Closes the beat's socket, at the end of main. */
void control_close(void);
