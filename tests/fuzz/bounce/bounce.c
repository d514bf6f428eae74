/* Mails that came back: any bytes, and an answer that the record can hold. */
#include "bounce.h"

#include <string.h>

#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bounce *bounce = bounce_read((const char *)bytes, size);
    must(bounce->kind == BOUNCE_OTHER || (strchr(bounce->final, '@') && fuzz_is_one_line(bounce->final)));
    must(bounce->kind == BOUNCE_OTHER || fuzz_is_one_line(bounce->reason));
    must(!bounce->original || fuzz_is_one_line(bounce->original));
    for (guint i = 0; i < bounce->ids->len; i++)
        must(g_utf8_validate(bounce->ids->pdata[i], -1, NULL));
    bounce_free(bounce);
    return 0;
}
