#include "relay_reply.h"

#include <string.h>

static gboolean begins(const char *line, gsize length, const char *word)
{
    gsize n = strlen(word);
    return length >= n && memcmp(line, word, n) == 0;
}

/* A line of AUTH may be any base64, but has no blank. */
static enum relay_stage stage_of(const char *line, gsize length)
{
    return begins(line, length, "MAIL ")      ? STAGE_SENDER
           : begins(line, length, "RCPT ")    ? STAGE_ADDRESS
           : begins(line, length, "DATA\r\n") ? STAGE_LETTER
                                              : STAGE_OPENING;
}

void relay_reply_command(struct relay_reply *reply, const char *line, gsize length)
{
    reply->is_over = reply->is_over || begins(line, length, "QUIT\r\n");
    if (reply->is_over)
        return;
    reply->stage = stage_of(line, length);
    reply->bad[0] = '\0';
}

void relay_reply_line(struct relay_reply *reply, const char *line, gsize length)
{
    gboolean is_bad = length > 3 && (line[0] == '4' || line[0] == '5') && g_ascii_isdigit(line[1]) &&
                      g_ascii_isdigit(line[2]) && strchr(" -\r\n", line[3]);
    if (is_bad && !reply->is_over && !reply->bad[0])
        g_snprintf(reply->bad, sizeof reply->bad, "%.*s", (int)MIN(length, sizeof reply->bad - 1), line);
}

static gboolean has_code(const struct relay_reply *reply, const char *const *codes)
{
    for (; *codes; codes++)
        if (g_str_has_prefix(reply->bad, *codes))
            return TRUE;
    return FALSE;
}

gboolean relay_reply_is_final(const struct relay_reply *reply)
{
    /* "Authentication required" and its like, whatever it answers */
    static const char *const access[] = {"530", "534", "535", "538", NULL};
    return reply->bad[0] == '5' && reply->stage != STAGE_OPENING && !has_code(reply, access);
}

gboolean relay_reply_blames_address(const struct relay_reply *reply)
{
    static const char *const others[] = {"552", NULL};
    const char *enhanced = strlen(reply->bad) > 4 ? reply->bad + 4 : "";
    return relay_reply_is_final(reply) && reply->stage == STAGE_ADDRESS && !has_code(reply, others) &&
           !g_str_has_prefix(enhanced, "5.3.") && !g_str_has_prefix(enhanced, "5.7.");
}
