/*
 * letter.h: a letter as RFC 5322 bytes.
 *
 * Text and HTML alternatives in UTF-8, CRLF line ends, RFC 2047 words; `Auto-Submitted: auto-generated`, and
 * `X-Ticklerd-Id` beside the Message-ID for relays that replace it. CR, LF, NUL and <> in an address or header value
 * are refused. The same fields give the same bytes: the date and the boundary come from the fields.
 */
#pragma once

#include "clock.h"

struct attachment {
    char *name, *media_type; /* "agreement.pdf", "application/pdf" */
    GBytes *bytes;
};

struct letter {
    const char *message_id; /* without <> */
    const char *from_name, *from_address;
    const char *reply_to; /* or NULL */
    const char *to_name, *to_address;
    const char *subject;
    const char *text, *html;      /* html may be NULL */
    const GPtrArray *attachments; /* struct attachment, or NULL */
    const char *list_unsubscribe; /* an https URI where the mail may be commercial, else NULL */
    instant date;
};

MUST_CHECK GBytes *letter_build(const struct letter *letter, GError **error);

/* One plain address (local@domain), no name, no control characters; NULL with the reason in *ret_why when refused. */
gboolean letter_address_ok(const char *address, const char **ret_why);
