/*
 * settings.h: config/ticklerd.yaml, read through one table of keys (settings.c): type, bounds, default, sentence.
 * All errors of the file in one run, as "file:line:column: what is wrong; what is allowed".
 */
#pragma once

#include "day.h"
#include "transfer.h"

struct problems; /* see problems.h */

struct settings_webhook {
    char *url, *secret_source;
    gboolean allow_private;
};

struct settings_room {
    char *worker;  /* "invoice_escalation" */
    int processes; /* 0: this room is shut */
};

struct settings {
    char *postgres_url;       /* "embedded" or a libpq string for role ticklerd_app */
    char *postgres_owner_url; /* for migrations; NULL with embedded */
    char *redis_socket;       /* "embedded", a path, or "none" */
    char *mail_from_name, *mail_from_address;
    char *relay_url; /* NULL: no relay, letters go into the Maildir */
    gboolean relay_starttls;
    char *relay_user, *relay_password_source, *relay_ca_file;
    int relay_timeout_s;
    int relay_connections;                                                    /* of each worker, 1..32, default 4 */
    char *maildir;                                                            /* absolute; default DIR/mail */
    char *bounces;                                                            /* absolute; default DIR/bounces */
    gboolean resend_unknown;                                                  /* if_unknown: resend (default ask) */
    int relay_per_second, relay_per_minute, relay_per_day, domain_per_minute; /* 0: no limit */
    int party_per_day_total;        /* letters to one party a day over all rooms */
    GPtrArray *webhooks;            /* struct settings_webhook */
    GPtrArray *rooms;               /* struct settings_room */
    GArray *days_off;               /* day: the agency's own */
    int send_window;                /* letters claimed and sent per commit, 1..100, default 16 */
    int drain_s;                    /* time given to SIGTERM, default 20 */
    int batch;                      /* jobs a message, default 250, at most 1000 */
    int retry_first_s, retry_limit; /* first retry 300 s, doubled each time up to 4 h; tries before giving up, 12 */
};

/* Reads the file. NULL when there were problems (all of them are in `problems`). `dir` is DIR for relative paths. */
MUST_CHECK struct settings *settings_load(const char *path, const char *dir, struct problems *problems);
void settings_free(struct settings *settings);
