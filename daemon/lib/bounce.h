/*
 * bounce.h: what a mail in the bounces' Maildir says about a letter of ours. Pure: bytes in, a word out. Whether the
 * letter is ours is for the caller to ask the record.
 */
#pragma once

#include <glib.h>

#include "attr.h"

enum bounce_kind {
    BOUNCE_OTHER,       /* no delivery report: an out-of-office note, spam, garbage. For people */
    BOUNCE_NOTHING,     /* a delay, or a delivery: nothing to do */
    BOUNCE_UNDELIVERED, /* given up after a passing trouble (4.x.x): the letter is lost, the address may be good */
    BOUNCE_PERMANENT,   /* refused for good (5.x.x) */
};

struct bounce {
    enum bounce_kind kind;
    char *final, *original; /* addresses, lower case; original may be NULL */
    char *reason;           /* "5.1.1, smtp; 550 no such user" */
    GPtrArray *ids;         /* char *: Message-IDs that it refers to */
};

/* Reads any bytes. The worst recipient of the report counts: each letter of ours has one. */
struct bounce *bounce_read(const char *bytes, gsize size);
void bounce_free(struct bounce *bounce);
