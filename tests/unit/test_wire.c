/* Frames: round trips, and strangers' bytes that never reach further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire.h"

static GArray *ids(int n)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (gint64 i = 1; i <= n; i++)
        g_array_append_val(array, i);
    return array;
}

static struct wire_frame frame_of(enum wire_kind kind)
{
    struct wire_frame frame = {.kind = kind, .pid = 77, .credit = 2, .term = 9, .batch = G_MAXUINT64, .progress = 5};
    g_strlcpy(frame.room, "invoice_escalation", sizeof frame.room);
    g_strlcpy(frame.incarnation, "host/77/12345", sizeof frame.incarnation);
    frame.ids = kind == WIRE_HELLO || kind == WIRE_DONE || kind == WIRE_JOBS ? ids(3) : NULL;
    frame.back = kind == WIRE_DONE ? ids(1) : NULL;
    frame.parties = kind == WIRE_JOBS ? g_array_new(FALSE, FALSE, sizeof(guint16)) : NULL;
    if (frame.parties)
        g_array_append_vals(frame.parties, (const guint16[]){1, 2}, 2);
    return frame;
}

static void each_kind_comes_back(void **state)
{
    (void)state;
    for (enum wire_kind kind = WIRE_HELLO; kind <= WIRE_WHO; kind++) {
        struct wire_frame frame = frame_of(kind), back;
        g_autoptr(GBytes) bytes = wire_encode(&frame);
        assert_true(wire_decode(bytes, &back));
        assert_int_equal(back.kind, kind);
        assert_int_equal(back.ids ? back.ids->len : 0, frame.ids ? frame.ids->len : 0);
        g_autoptr(GBytes) again = wire_encode(&back);
        assert_true(g_bytes_equal(bytes, again));
        wire_clear(&frame);
        wire_clear(&back);
    }
}

static void truncated_and_longer_frames_are_refused(void **state)
{
    (void)state;
    for (enum wire_kind kind = WIRE_HELLO; kind <= WIRE_WHO; kind++) {
        struct wire_frame frame = frame_of(kind), back;
        g_autoptr(GBytes) bytes = wire_encode(&frame);
        gsize size;
        const guint8 *data = g_bytes_get_data(bytes, &size);
        for (gsize length = 0; length < size; length++) {
            g_autoptr(GBytes) part = g_bytes_new(data, length);
            assert_false(wire_decode(part, &back));
        }
        g_autofree guint8 *longer = g_malloc0(size + 1);
        memcpy(longer, data, size);
        g_autoptr(GBytes) more = g_bytes_new(longer, size + 1);
        assert_false(wire_decode(more, &back));
        wire_clear(&frame);
    }
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    GRand *rand = g_rand_new_with_seed(1);
    for (int n = 0; n < 200000; n++) {
        guint8 bytes[64] = {'T', 'K', 'L', '2'};
        gsize size = (gsize)g_rand_int_range(rand, 0, (int)sizeof bytes);
        for (gsize i = n % 4 ? 4 : 0; i < size; i++)
            bytes[i] = (guint8)g_rand_int_range(rand, 0, n % 3 ? 256 : 8);
        g_autoptr(GBytes) blob = g_bytes_new(bytes, size);
        struct wire_frame frame;
        if (wire_decode(blob, &frame))
            wire_clear(&frame);
    }
    g_rand_free(rand);
}

static void limits_hold(void **state)
{
    (void)state;
    struct wire_frame frame = {.kind = WIRE_JOBS, .ids = ids(WIRE_JOBS_MAX)}, back;
    frame.parties = g_array_new(FALSE, FALSE, sizeof(guint16));
    g_array_append_vals(frame.parties, &(guint16){WIRE_JOBS_MAX}, 1);
    g_autoptr(GBytes) most = wire_encode(&frame);
    assert_true(wire_decode(most, &back));
    assert_int_equal(back.ids->len, WIRE_JOBS_MAX);
    wire_clear(&back);
    gsize size;
    g_autofree guint8 *bytes = g_memdup2(g_bytes_get_data(most, &size), g_bytes_get_size(most));
    size = g_bytes_get_size(most);
    bytes[21]++; /* one id more than there are */
    g_autoptr(GBytes) liar = g_bytes_new(bytes, size);
    assert_false(wire_decode(liar, &back));
    wire_clear(&frame);
}

static void parties_have_each_job_once(void **state)
{
    (void)state;
    static const guint16 wrong[][2] = {{2, 2}, {3, 0}, {0, 3}, {1, 1}};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct wire_frame frame = frame_of(WIRE_JOBS), back;
        g_array_set_size(frame.parties, 0);
        g_array_append_vals(frame.parties, wrong[i], 2);
        g_autoptr(GBytes) bytes = wire_encode(&frame);
        assert_false(wire_decode(bytes, &back));
        wire_clear(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_comes_back),
                                       cmocka_unit_test(truncated_and_longer_frames_are_refused),
                                       cmocka_unit_test(random_bytes_do_no_harm), cmocka_unit_test(limits_hold),
                                       cmocka_unit_test(parties_have_each_job_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
