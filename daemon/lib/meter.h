/*
 * meter.h: rate limits. GCRA over several keys all-or-none, in one Lua script on Redis (the only file that knows
 * hiredis is meter.c). When Redis is away a local bucket of limit / workers takes over: slower, never unlimited.
 */
#pragma once

#include "clock.h"

struct meter;

struct meter_rate {
    const char *key; /* "relay:minute", "domain:example.org" */
    int count;       /* so many */
    int per_s;       /* in so many seconds */
    int burst;       /* at once, 1..count */
};

/* `socket_path` may be NULL: always the local bucket. `share`: how many workers, of all rooms, divide a limit when
 * Redis is away. The process ignores SIGPIPE (process_start sees to it): hiredis writes to what may be gone. */
struct meter *meter_open(const char *socket_path, int share);
void meter_close(struct meter **meter);

/* Takes one token from every rate or none. 0 granted, else how many microseconds to wait before asking again. Waits
 * at most 50 ms for Redis; after three failures it is left alone for 5 s. */
gint64 meter_take(struct meter *meter, const struct meter_rate *rates, int n, instant now);
/* The same for `m` independent requests in one round trip; ret_wait[i] as above. rates[i] has n[i] entries. */
void meter_take_batch(struct meter *meter, const struct meter_rate *const *rates, const int *n, int m, instant now,
                      gint64 *ret_wait);
gboolean meter_is_local(const struct meter *meter); /* Redis is away */
