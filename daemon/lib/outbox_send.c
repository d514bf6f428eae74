/*
 * Sending what is claimed. Until outbox_results.c has written what became of it, only this process' memory knows: if it
 * dies there, the row says `sending` and the next worker asks (outbox_resume.c).
 */
#include <string.h>

#include "control.h"
#include "desk.h"
#include "kill_point.h"
#include "libtickler_sql.h"
#include "log.h"
#include "maildir.h"
#include "room_shared.h"
#include "secret.h"

#define PATIENCE_US  SECONDS(2)  /* wait so long in place for a limit, else come back later */
#define ASK_AGAIN_US SECONDS(10) /* the database did not answer */
#define BEAT_US      SECONDS(1)  /* the supervisor hears of us while we wait */

/* --- limits */

static int add_rate(struct meter_rate *rates, int n, char *key, int count, int per_s)
{
    if (!count) {
        g_free(key);
        return n;
    }
    rates[n] = (struct meter_rate){.key = key, .count = count, .per_s = per_s, .burst = MAX(count / 10, 1)};
    return n + 1;
}

/* How long the relay's limits want this letter to wait; 0: it has its place in them. The day's is counted in Postgres
 * alone (spend_day): as a rate it would let a tenth of it go and then one letter in minutes. */
static gint64 metered(struct desk *desk, const struct claim *claim)
{
    const struct settings *s = desk->config->settings;
    struct meter_rate rates[3];
    const char *domain = strchr(claim->address, '@');
    int n = add_rate(rates, 0, g_strdup("relay:second"), s->relay_per_second, 1);
    n = add_rate(rates, n, g_strdup("relay:minute"), s->relay_per_minute, 60);
    n = add_rate(rates, n, g_strdup_printf("domain:%s", domain ? domain + 1 : ""), s->domain_per_minute, 60);
    gint64 wait = n ? meter_take(desk->meter, rates, n, clock_wall()) : 0;
    for (int i = 0; i < n; i++)
        g_free((char *)rates[i].key);
    return wait;
}

/* One letter more of the relay's day, counted where it cannot be lost: in its own transaction, before the letter goes.
 * Answers why it must wait, and until when; NULL: go. */
static const char *spend_day(struct desk *desk, instant *ret_until)
{
    g_autofree char *today = day_format(zone_day(desk->schedule->zone, clock_now()));
    g_autofree char *cap = g_strdup_printf("{%d}", desk->config->settings->relay_per_day);
    gint64 touched =
        desk->config->settings->relay_per_day ? db_tell(desk->db, &sql_spend, NULL, "0", "{relay}", today, cap) : 1;
    if (touched > 0)
        return NULL;
    *ret_until = touched < 0 ? clock_now() + ASK_AGAIN_US
                             : zone_at(desk->schedule->zone, zone_day(desk->schedule->zone, clock_now()) + 1, 0);
    return touched < 0 ? "the relay's day could not be counted" : "the relay's day is spent";
}

/* --- sending */

/* The letters of a window on their way to the relay, as many at once as it has connections. */
struct queue {
    GPtrArray *claims; /* struct claim */
    guint next;
    int under_way;
    guint heard, out_of_reach; /* answers, and those that never came to a relay */
    char why[200];             /* it is out of reach */
    gint64 waited, ask_at;     /* the next one for a limit: so long, and asks again (monotonic) */
};

/* No try is counted: it waits for us. */
static void put_off(struct claim *claim, const char *reply, instant until)
{
    claim->delivery = DELIVERY_LATER;
    claim->metered = TRUE;
    claim->reply = g_strdup(reply);
    claim->until = until;
}

#define STALE "its lease ran out before it was sent"

static gboolean lease_ran_out(const struct claim *claim)
{
    return clock_mono() - claim->claimed_mono > CLAIM_LEASE_US;
}

/* Sets the next letter under way, or puts it off. For a limit it waits shortly in place; for longer it comes back
 * another time. */
static void send_next(struct desk *desk, struct queue *queue)
{
    struct claim *claim = queue->claims->pdata[queue->next];
    gboolean is_stale = lease_ran_out(claim);
    gint64 wait = is_stale ? 0 : metered(desk, claim);
    if (wait > 0 && queue->waited + wait <= PATIENCE_US) {
        queue->waited += wait;
        queue->ask_at = clock_mono() + wait;
        return;
    }
    instant until = clock_now() + wait;
    const char *why = is_stale ? STALE : wait > 0 ? "waiting for a sending limit" : spend_day(desk, &until);
    if (why) {
        put_off(claim, why, until);
    } else {
        relay_begin(desk->relay, desk->config->settings->mail_from_address, claim->address, claim->letter, claim);
        queue->under_way++;
    }
    queue->next++;
    queue->waited = 0;
}

static gboolean has_room(const struct desk *desk, const struct queue *queue)
{
    return queue->next < queue->claims->len && queue->under_way < relay_connections(desk->relay);
}

/* Waits for one answer, or until the next letter may ask again. */
static void take_answer(struct desk *desk, struct queue *queue)
{
    struct relay_answer answer = {0};
    gint64 wait = has_room(desk, queue) ? CLAMP(queue->ask_at - clock_mono(), 0, BEAT_US) : BEAT_US;
    struct claim *claim = relay_wait(desk->relay, wait, &answer);
    if (!claim)
        return;
    claim->delivery = answer.delivery;
    claim->reply = answer.reply;
    claim->about_address = answer.about_address;
    queue->under_way--;
    queue->heard++;
    if (answer.out_of_reach && !queue->out_of_reach++)
        g_snprintf(queue->why, sizeof queue->why, "%s", answer.reply);
    KILL_POINT(worker, letter_sent);
}

/* One sentence when no letter of a window came through to the relay, and one when they do again. */
static void tell_of_relay(struct desk *desk, const struct queue *queue)
{
    gboolean is_away = queue->heard && queue->out_of_reach == queue->heard;
    if (!queue->heard || is_away == desk->relay_is_away)
        return;
    desk->relay_is_away = is_away;
    if (is_away)
        log_warning("%s: the relay %s is out of reach: %s; the letters wait and are tried again", desk->room->name,
                    desk->config->settings->relay_url, queue->why);
    else
        log_info("%s: the relay takes letters again", desk->room->name);
}

static gboolean goes_to_relay(const struct desk *desk, const struct claim *claim)
{
    return desk->relay && !claim->is_hook && !claim->delivered_before;
}

static void send_by_relay(struct desk *desk)
{
    g_autoptr(GPtrArray) claims = g_ptr_array_new();
    struct queue queue = {.claims = claims};
    for (guint i = 0; i < desk->claimed->len; i++)
        if (goes_to_relay(desk, desk->claimed->pdata[i]))
            g_ptr_array_add(claims, desk->claimed->pdata[i]);
    while (queue.next < claims->len || queue.under_way) {
        while (has_room(desk, &queue) && clock_mono() >= queue.ask_at)
            send_next(desk, &queue);
        if (queue.next < claims->len || queue.under_way)
            take_answer(desk, &queue);
        control_beat_now();
    }
    tell_of_relay(desk, &queue);
}

static gboolean goes_into_maildir(const struct desk *desk, const struct claim *claim)
{
    return !desk->relay && !desk->process.record && !claim->is_hook && !claim->delivered_before;
}

/* All of the window at once: they share the disk's waits. */
static void fill_maildir(struct desk *desk)
{
    g_autofree struct maildir_letter *letters = g_new0(struct maildir_letter, desk->claimed->len);
    g_autoptr(GPtrArray) claims = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < desk->claimed->len; i++) {
        struct claim *claim = desk->claimed->pdata[i];
        if (!goes_into_maildir(desk, claim))
            continue;
        if (lease_ran_out(claim)) {
            put_off(claim, STALE, clock_now());
            continue;
        }
        letters[claims->len] = (struct maildir_letter){.id = claim->internet_id, .bytes = claim->letter};
        g_ptr_array_add(claims, claim);
    }
    if (claims->len && !maildir_deliver(desk->config->settings->maildir, letters, claims->len, &error))
        log_warning("%s", error->message);
    for (guint i = 0; i < claims->len; i++) {
        struct claim *claim = claims->pdata[i];
        claim->delivery = letters[i].is_there ? DELIVERY_SENT : DELIVERY_LATER;
        if (!letters[i].is_there)
            claim->reply = g_strdup("the Maildir cannot be written");
        KILL_POINT(worker, letter_sent);
    }
}

/* Calls every hook; the slowest answer counts. Those that had it already know the key. */
static void call_hooks(struct desk *desk, struct claim *claim)
{
    const GPtrArray *hooks = desk->config->settings->webhooks;
    claim->delivery = DELIVERY_SENT;
    for (guint i = 0; i < hooks->len && !desk->process.record; i++) {
        const struct settings_webhook *hook = hooks->pdata[i];
        g_autoptr(GError) error = NULL;
        char *secret = secret_read(hook->secret_source, &error), *reply = NULL;
        g_autofree char *body = g_strndup(g_bytes_get_data(claim->letter, NULL), g_bytes_get_size(claim->letter));
        const struct webhook call = {.url = hook->url,
                                     .secret = secret,
                                     .id = claim->internet_id,
                                     .body = body,
                                     .timestamp_s = clock_wall() / G_USEC_PER_SEC,
                                     .timeout_s = 15,
                                     .allow_private = hook->allow_private};
        enum delivery delivery = secret ? webhook_post(&call, &reply) : DELIVERY_LATER;
        KILL_POINT(webhook, answered);
        secret_free(secret);
        if (delivery > claim->delivery) {
            claim->delivery = delivery;
            g_free(claim->reply);
            claim->reply = reply ? reply : g_strdup(error->message);
        } else {
            g_free(reply);
        }
        control_beat_now();
    }
}

void outbox_send(struct desk *desk)
{
    if (desk->relay)
        send_by_relay(desk);
    else if (!desk->process.record)
        fill_maildir(desk);
    for (guint i = 0; i < desk->claimed->len; i++) {
        struct claim *claim = desk->claimed->pdata[i];
        if (claim->is_hook)
            call_hooks(desk, claim);
        else if (desk->process.record && !claim->delivered_before)
            claim->delivery = DELIVERY_SENT;
        else
            continue;
        KILL_POINT(worker, letter_sent);
    }
}
