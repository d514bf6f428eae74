/* relay_reply.h: what a relay said, judged by the command that it answered: a 550 to MAIL concerns our sender, to RCPT
 * the address, to the letter the letter. */
#pragma once

#include <glib.h>

enum relay_stage {
    STAGE_OPENING, /* greeting, EHLO, STARTTLS, AUTH */
    STAGE_SENDER,  /* MAIL */
    STAGE_ADDRESS, /* RCPT */
    STAGE_LETTER,  /* DATA, and the letter itself */
};

struct relay_reply {
    enum relay_stage stage;
    char bad[300]; /* the first line of a 4xx or 5xx answer to its command; "": it said nothing bad */
    gboolean is_over;
};

/* We said this, which ends what was said before; after QUIT nothing counts any more. */
void relay_reply_command(struct relay_reply *reply, const char *line, gsize length);
/* The relay said this line. */
void relay_reply_line(struct relay_reply *reply, const char *line, gsize length);

/* The relay refuses for good what it was asked. Its 5xx to our greeting, encryption or password never is: an admin
 * mends that, and the letters wait. */
gboolean relay_reply_is_final(const struct relay_reply *reply);
/* That refusal is the address's own: a letter that is too large, or a rule of the relay's (5.7), is not. */
gboolean relay_reply_blames_address(const struct relay_reply *reply);
