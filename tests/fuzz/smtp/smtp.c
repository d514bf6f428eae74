/*
 * A relay's side of the conversation, said in one breath. Two letters go one after the other, so that a connection that
 * is still good is used again.
 */
#include <string.h>

#include "transfer.h"

#include "../fuzz.h"

#define RECIPIENT "ap@clinic.example"

static gboolean says(const uint8_t *bytes, size_t size, const char *words)
{
    return memmem(bytes, size, words, strlen(words)) != NULL;
}

static void send_one(struct relay *relay, const uint8_t *bytes, size_t size)
{
    g_autoptr(GBytes) letter = g_bytes_new_static("Subject: Invoice\r\n\r\nHello\r\n..\r\n", 32);
    struct relay_answer answer = {0};
    relay_begin(relay, "billing@agency.example", RECIPIENT, letter, letter);
    must(relay_wait(relay, 10 * G_USEC_PER_SEC, &answer) == letter);
    g_autofree char *reply = answer.reply;
    must(answer.delivery != DELIVERY_SENT || (says(bytes, size, "354") && says(bytes, size, "250")));
    must(answer.delivery != DELIVERY_NEVER || says(bytes, size, "5"));
    must(reply && fuzz_is_one_line(reply) && !strstr(reply, RECIPIENT));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct relay_settings settings = {.url = "smtp://127.0.0.1:25",
                                            .user = size % 2 ? "agency" : NULL,
                                            .password = "secret",
                                            .timeout_s = 4,
                                            .connections = 1};
    struct relay *relay = relay_open(&settings, NULL);
    must(relay);
    fuzz_stream(bytes, size);
    send_one(relay, bytes, size);
    send_one(relay, bytes, size);
    relay_close(&relay);
    fuzz_stream(NULL, 0);
    return 0;
}
