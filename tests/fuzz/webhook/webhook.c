/* What a web hook's server answers. */
#include <string.h>

#include "transfer.h"

#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct webhook hook = {.url = "http://127.0.0.1:80/hook",
                                 .secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                 .id = "job-7",
                                 .timestamp_s = 1800000000,
                                 .body = "{\"type\":\"step.fired\"}",
                                 .allow_private = TRUE,
                                 .timeout_s = 4};
    g_autofree char *reply = NULL;
    fuzz_stream(bytes, size);
    enum delivery delivery = webhook_post(&hook, &reply);
    fuzz_stream(NULL, 0);
    must(reply && fuzz_is_one_line(reply));
    must(delivery == DELIVERY_SENT || delivery == DELIVERY_LATER || delivery == DELIVERY_NEVER);
    must(delivery != DELIVERY_NEVER || memmem(bytes, size, " 4", 2));
    must(delivery != DELIVERY_SENT || memmem(bytes, size, " 2", 2));
    return 0;
}
