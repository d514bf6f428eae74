/* Frames of the queue sockets: refused, or exactly what their own encoding says. */
#include "wire.h"

#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GBytes) blob = g_bytes_new_static(bytes, size);
    struct wire_frame frame;
    if (!wire_decode(blob, &frame))
        return 0;
    must(!frame.ids || frame.ids->len <= WIRE_JOBS_MAX);
    must(!frame.back || frame.back->len <= WIRE_JOBS_MAX);
    g_autoptr(GBytes) again = wire_encode(&frame);
    must(g_bytes_equal(blob, again));
    wire_clear(&frame);
    return 0;
}
