/* transfer.h: mail to a relay and calls to web hooks, by libcurl. A relay's connections are kept open between letters.
 */
#pragma once

#include <glib.h>

#include "attr.h"

enum delivery {
    DELIVERY_SENT,    /* curl 0 and reply 250 */
    DELIVERY_LATER,   /* 4xx, or the relay could not be reached: nothing was accepted */
    DELIVERY_NEVER,   /* 5xx for our sender, this recipient or this letter */
    DELIVERY_UNKNOWN, /* the line broke when the whole letter had gone: it may have been accepted */
};

struct relay_settings {
    const char *url;      /* smtp://host:port or smtps://host:port */
    gboolean starttls;    /* required: no fall-back to clear text */
    const char *user;     /* or NULL */
    const char *password; /* or NULL */
    const char *ca_file;  /* or NULL for the system's */
    int timeout_s;        /* whole conversation; connect is a third of it, at most 10 s */
    int connections;      /* letters under way at once, at least 1 */
};

struct relay;
MUST_CHECK struct relay *relay_open(const struct relay_settings *settings, GError **error);
void relay_close(struct relay **relay);

int relay_connections(const struct relay *relay);

struct relay_answer {
    enum delivery delivery;
    char *reply; /* g_free: the relay's words or the transport's error, one line, without the recipient's address */
    gboolean out_of_reach;  /* LATER: it failed before the relay heard of a letter */
    gboolean about_address; /* NEVER: the refusal concerns the recipient's address, not sender, letter or relay */
};

/* Sets one letter to one recipient under way, or in line behind those that are. All but `relay` is lent until its
 * answer; `letter` is what relay_wait calls it. */
void relay_begin(struct relay *relay, const char *from, const char *to, GBytes *bytes, void *letter);

/* Waits for an answer: the letter that has one. NULL: none within `wait_us`. Every letter that was begun is waited for
 * before relay_close. */
void *relay_wait(struct relay *relay, gint64 wait_us, struct relay_answer *ret);

struct webhook {
    const char *url;    /* https; http only for tests, with `allow_private` */
    const char *secret; /* Standard Webhooks secret, "whsec_" + base64 or plain bytes */
    const char *id;     /* idempotency key: the same for every try of one event */
    gint64 timestamp_s;
    const char *body;       /* JSON */
    gboolean allow_private; /* permit loopback and private addresses */
    int timeout_s;
};

/* Posts, signed as Standard Webhooks 1.0 does ("v1,base64(HMAC-SHA256(id.timestamp.body))"). No redirects; at most
 * 64 KiB of answer read. 2xx sent; 410 and other 4xx (but 408, 425, 429) never; the rest later. */
enum delivery webhook_post(const struct webhook *hook, char **ret_reply);
