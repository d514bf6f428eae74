/*
 * GCRA over several keys in one Lua script on Redis: the only file that knows hiredis. Time is an argument, so the
 * limits hold for whoever's clock the callers share. When Redis does not answer in 50 ms, three times, it is left alone
 * for 5 s and a local bucket with this process' share of each limit takes over.
 */
#include "meter.h"

#include <hiredis/hiredis.h>
#include <string.h>

#define BUDGET_US     50000
#define FAILURES_MAX  3
#define LEFT_ALONE_US SECONDS(5)

/* KEYS: one per rate. ARGV: now, then per rate: emission interval and burst tolerance, all in microseconds. Answers 0
 * and takes from all, or the wait until the slowest allows and takes from none. */
static const char script[] =
    "local now = tonumber(ARGV[1]) local wait = 0 local next = {} "
    "for i, key in ipairs(KEYS) do "
    "  local interval, tolerance = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1]) "
    "  local tat = math.max(tonumber(redis.call('GET', key) or now), now) "
    "  wait = math.max(wait, tat - tolerance - now) next[i] = tat + interval "
    "end "
    "if wait > 0 then return math.ceil(wait) end "
    "for i, key in ipairs(KEYS) do "
    "  redis.call('SET', key, string.format('%.0f', next[i]), 'PX', math.ceil((next[i] - now) / 1000) + 1000) "
    "end return 0";

struct meter {
    char *path;
    redisContext *redis;
    int share, failures;
    gint64 alone_until; /* monotonic */
    GHashTable *local;  /* key -> gint64 theoretical arrival time */
    gboolean is_local;
};

struct meter *meter_open(const char *socket_path, int share)
{
    struct meter *meter = g_new0(struct meter, 1);
    meter->path = g_strdup(socket_path);
    meter->share = MAX(share, 1);
    meter->local = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    meter->is_local = !socket_path;
    return meter;
}

static void hang_up(struct meter *meter)
{
    g_clear_pointer(&meter->redis, redisFree);
}

void meter_close(struct meter **meter)
{
    if (!*meter)
        return;
    hang_up(*meter);
    g_hash_table_unref((*meter)->local);
    g_free((*meter)->path);
    g_clear_pointer(meter, g_free);
}

gboolean meter_is_local(const struct meter *meter)
{
    return meter->is_local;
}

/* Rounded up: rounded down, 7,000 in 3 s would be 7,009. */
static gint64 interval_us(const struct meter_rate *rate)
{
    gint64 count = MAX(rate->count, 1);
    return (SECONDS(rate->per_s) + count - 1) / count;
}

static gint64 take_local(struct meter *meter, const struct meter_rate *rates, int n, instant now)
{
    gint64 wait = 0;
    for (int i = 0; i < n; i++) {
        gint64 *tat = g_hash_table_lookup(meter->local, rates[i].key);
        gint64 interval = interval_us(&rates[i]) * meter->share;
        /* The burst is shared too: at least one at a time. */
        gint64 tolerance = interval * (MAX(rates[i].burst / meter->share, 1) - 1);
        wait = MAX(wait, (tat ? MAX(*tat, now) : now) - tolerance - now);
    }
    for (int i = 0; wait <= 0 && i < n; i++) {
        gint64 *tat = g_hash_table_lookup(meter->local, rates[i].key);
        gint64 *next = g_new(gint64, 1);
        *next = (tat ? MAX(*tat, now) : now) + interval_us(&rates[i]) * meter->share;
        g_hash_table_replace(meter->local, g_strdup(rates[i].key), next);
    }
    return MAX(wait, 0);
}

static gboolean connected(struct meter *meter)
{
    if (meter->redis)
        return TRUE;
    if (!meter->path || clock_mono() < meter->alone_until)
        return FALSE;
    struct timeval budget = {.tv_usec = BUDGET_US};
    meter->redis = redisConnectUnixWithTimeout(meter->path, budget);
    if (meter->redis && !meter->redis->err && redisSetTimeout(meter->redis, budget) == REDIS_OK)
        return TRUE;
    hang_up(meter);
    return FALSE;
}

static void queue_script(struct meter *meter, const struct meter_rate *rates, int n, instant now)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(words, g_strdup("EVAL"));
    g_ptr_array_add(words, g_strdup(script));
    g_ptr_array_add(words, g_strdup_printf("%d", n));
    for (int i = 0; i < n; i++)
        g_ptr_array_add(words, g_strconcat("ticklerd:", rates[i].key, NULL));
    g_ptr_array_add(words, g_strdup_printf("%" G_GINT64_FORMAT, now));
    for (int i = 0; i < n; i++) {
        gint64 interval = interval_us(&rates[i]);
        g_ptr_array_add(words, g_strdup_printf("%" G_GINT64_FORMAT, interval));
        g_ptr_array_add(words, g_strdup_printf("%" G_GINT64_FORMAT, interval * (MAX(rates[i].burst, 1) - 1)));
    }
    redisAppendCommandArgv(meter->redis, (int)words->len, (const char **)words->pdata, NULL);
}

static gboolean read_answers(struct meter *meter, int m, gint64 *ret_wait)
{
    for (int i = 0; i < m; i++) {
        redisReply *reply = NULL;
        gboolean good = redisGetReply(meter->redis, (void **)&reply) == REDIS_OK && reply->type == REDIS_REPLY_INTEGER;
        if (good)
            ret_wait[i] = reply->integer;
        if (reply)
            freeReplyObject(reply);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

void meter_take_batch(struct meter *meter, const struct meter_rate *const *rates, const int *n, int m, instant now,
                      gint64 *ret_wait)
{
    gboolean answered = connected(meter);
    for (int i = 0; answered && i < m; i++)
        queue_script(meter, rates[i], n[i], now);
    answered = answered && read_answers(meter, m, ret_wait);
    meter->is_local = !answered;
    if (answered) {
        meter->failures = 0;
        return;
    }
    hang_up(meter); /* after any error a context is of no use */
    if (meter->path && clock_mono() >= meter->alone_until && ++meter->failures >= FAILURES_MAX) {
        meter->alone_until = clock_mono() + LEFT_ALONE_US;
        meter->failures = 0;
    }
    for (int i = 0; i < m; i++)
        ret_wait[i] = take_local(meter, rates[i], n[i], now);
}

gint64 meter_take(struct meter *meter, const struct meter_rate *rates, int n, instant now)
{
    gint64 wait = 0;
    meter_take_batch(meter, &rates, &n, 1, now, &wait);
    return wait;
}
