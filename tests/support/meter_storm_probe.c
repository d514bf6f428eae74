/*
 * meter_storm_probe SOCKET|none SHARE SEED TAKES BATCH KEY=COUNT/PER_S/BURST...: takes as fast as it can, BATCH
 * requests a round trip, each of one to three of the keys at random, by the wall clock that all takers share. Each
 * grant is a line: microseconds, 1 when the local bucket granted it, and the keys as a mask. A progress line "- TAKES"
 * goes to stderr every tenth. What tests/integration/test_meter.py judges.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

#define KEYS_MAX  16
#define TAKE_KEYS 3
#define BATCH_MAX 64

struct request {
    struct meter_rate rates[TAKE_KEYS];
    int n;
    unsigned mask;
};

static gboolean parse_rate(char *text, struct meter_rate *ret)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return FALSE;
    *equals = '\0';
    ret->key = text;
    return sscanf(equals + 1, "%d/%d/%d", &ret->count, &ret->per_s, &ret->burst) == 3;
}

static void choose(GRand *random, const struct meter_rate *keys, int count, struct request *ret)
{
    int wanted = g_rand_int_range(random, 1, MIN(TAKE_KEYS, count) + 1);
    *ret = (struct request){0};
    while (ret->n < wanted) {
        int key = g_rand_int_range(random, 0, count);
        if (ret->mask & 1u << key)
            continue;
        ret->mask |= 1u << key;
        ret->rates[ret->n++] = keys[key];
    }
}

static void take(struct meter *meter, const struct request *requests, int m)
{
    const struct meter_rate *rates[BATCH_MAX];
    int n[BATCH_MAX];
    gint64 wait[BATCH_MAX];
    for (int i = 0; i < m; i++) {
        rates[i] = requests[i].rates;
        n[i] = requests[i].n;
    }
    instant now = clock_wall();
    meter_take_batch(meter, rates, n, m, now, wait);
    for (int i = 0; i < m; i++)
        if (wait[i] == 0)
            printf("%" G_GINT64_FORMAT " %d %u\n", now, meter_is_local(meter), requests[i].mask);
}

int main(int argc, char **argv)
{
    struct meter_rate keys[KEYS_MAX];
    int count = argc - 6;
    if (count < 1 || count > KEYS_MAX)
        return 2;
    for (int i = 0; i < count; i++)
        if (!parse_rate(argv[6 + i], &keys[i]))
            return 2;
    signal(SIGPIPE, SIG_IGN); /* as every process that opens a meter does: Redis may go between two of our words */
    struct meter *meter = meter_open(strcmp(argv[1], "none") == 0 ? NULL : argv[1], atoi(argv[2]));
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)atoi(argv[3]));
    int takes = atoi(argv[4]), batch = CLAMP(atoi(argv[5]), 1, BATCH_MAX);
    for (int done = 0; done < takes;) {
        struct request requests[BATCH_MAX];
        int m = MIN(batch, takes - done);
        for (int i = 0; i < m; i++)
            choose(random, keys, count, &requests[i]);
        take(meter, requests, m);
        if ((done + m) / MAX(takes / 10, 1) > done / MAX(takes / 10, 1))
            fprintf(stderr, "- %d\n", done + m);
        done += m;
    }
    meter_close(&meter);
    return 0;
}
