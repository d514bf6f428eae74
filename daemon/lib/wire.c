/* The frames between scheduler and workers. Pure: a cursor over bytes that fails once and stays failed. */
#include "wire.h"

#include <string.h>

static const char magic[4] = {'T', 'K', 'L', '2'};

static void put_number(GByteArray *out, guint64 number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        g_byte_array_append(out, (const guint8[]){(guint8)(number >> (8 * i))}, 1);
}

static void put_text(GByteArray *out, const char *text)
{
    gsize length = strlen(text);
    g_assert(length <= WIRE_NAME_MAX);
    put_number(out, length, 2);
    g_byte_array_append(out, (const guint8 *)text, (guint)length);
}

static void put_ids(GByteArray *out, const GArray *ids)
{
    guint n = ids ? ids->len : 0;
    g_assert(n <= WIRE_JOBS_MAX);
    put_number(out, n, 2);
    for (guint i = 0; i < n; i++)
        put_number(out, (guint64)g_array_index(ids, gint64, i), 8);
}

static void put_counts(GByteArray *out, const GArray *counts)
{
    guint n = counts ? counts->len : 0;
    put_number(out, n, 2);
    for (guint i = 0; i < n; i++)
        put_number(out, g_array_index(counts, guint16, i), 2);
}

GBytes *wire_encode(const struct wire_frame *frame)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)magic, sizeof magic);
    put_number(out, frame->kind, 1);
    switch (frame->kind) {
    case WIRE_HELLO:
        put_text(out, frame->room);
        put_text(out, frame->incarnation);
        put_number(out, frame->pid, 4);
        put_number(out, frame->credit, 2);
        put_ids(out, frame->ids);
        break;
    case WIRE_DONE:
        put_text(out, frame->incarnation);
        put_number(out, frame->batch, 8);
        put_ids(out, frame->ids);
        put_ids(out, frame->back);
        break;
    case WIRE_BEAT:
        put_text(out, frame->incarnation);
        put_number(out, frame->progress, 8);
        break;
    case WIRE_JOBS:
        put_number(out, frame->term, 8);
        put_number(out, frame->batch, 8);
        put_ids(out, frame->ids);
        put_counts(out, frame->parties);
        break;
    case WIRE_DRAIN:
    case WIRE_WHO:
        break;
    }
    return g_byte_array_free_to_bytes(out);
}

struct cursor {
    const guint8 *at;
    gsize left;
    gboolean bad;
};

static guint64 take_number(struct cursor *in, int bytes)
{
    if (in->bad || in->left < (gsize)bytes) {
        in->bad = TRUE;
        return 0;
    }
    guint64 number = 0;
    for (int i = 0; i < bytes; i++)
        number |= (guint64)in->at[i] << (8 * i);
    in->at += bytes;
    in->left -= (gsize)bytes;
    return number;
}

static void take_text(struct cursor *in, char *into)
{
    gsize length = take_number(in, 2);
    in->bad = in->bad || length > WIRE_NAME_MAX || length > in->left;
    for (gsize i = 0; !in->bad && i < length; i++)
        in->bad = !g_ascii_isgraph((char)in->at[i]);
    if (in->bad)
        return;
    memcpy(into, in->at, length);
    into[length] = '\0';
    in->at += length;
    in->left -= length;
}

static GArray *take_ids(struct cursor *in)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    gsize n = take_number(in, 2);
    in->bad = in->bad || n > WIRE_JOBS_MAX || n * 8 > in->left;
    for (gsize i = 0; !in->bad && i < n; i++) {
        gint64 id = (gint64)take_number(in, 8);
        g_array_append_val(ids, id);
    }
    return ids;
}

/* Each at least one, and `sum` together. */
static GArray *take_counts(struct cursor *in, guint sum)
{
    GArray *counts = g_array_new(FALSE, FALSE, sizeof(guint16));
    gsize n = take_number(in, 2), seen = 0;
    in->bad = in->bad || n > sum;
    for (gsize i = 0; !in->bad && i < n; i++) {
        guint16 count = (guint16)take_number(in, 2);
        in->bad = in->bad || count == 0;
        seen += count;
        g_array_append_val(counts, count);
    }
    in->bad = in->bad || seen != sum;
    return counts;
}

static void take_fields(struct cursor *in, struct wire_frame *ret)
{
    switch (ret->kind) {
    case WIRE_HELLO:
        take_text(in, ret->room);
        take_text(in, ret->incarnation);
        ret->pid = (guint32)take_number(in, 4);
        ret->credit = (guint16)take_number(in, 2);
        ret->ids = take_ids(in);
        break;
    case WIRE_DONE:
        take_text(in, ret->incarnation);
        ret->batch = take_number(in, 8);
        ret->ids = take_ids(in);
        ret->back = take_ids(in);
        break;
    case WIRE_BEAT:
        take_text(in, ret->incarnation);
        ret->progress = take_number(in, 8);
        break;
    case WIRE_JOBS:
        ret->term = take_number(in, 8);
        ret->batch = take_number(in, 8);
        ret->ids = take_ids(in);
        ret->parties = take_counts(in, ret->ids->len);
        break;
    case WIRE_DRAIN:
    case WIRE_WHO:
        break;
    default:
        in->bad = TRUE;
    }
}

gboolean wire_decode(GBytes *bytes, struct wire_frame *ret)
{
    memset(ret, 0, sizeof *ret);
    struct cursor in = {0};
    in.at = g_bytes_get_data(bytes, &in.left);
    if (in.left < sizeof magic || memcmp(in.at, magic, sizeof magic) != 0)
        return FALSE;
    in.at += sizeof magic;
    in.left -= sizeof magic;
    ret->kind = (enum wire_kind)take_number(&in, 1);
    if (!in.bad)
        take_fields(&in, ret);
    if (!in.bad && in.left == 0)
        return TRUE;
    wire_clear(ret);
    return FALSE;
}

void wire_clear(struct wire_frame *frame)
{
    g_clear_pointer(&frame->ids, g_array_unref);
    g_clear_pointer(&frame->back, g_array_unref);
    g_clear_pointer(&frame->parties, g_array_unref);
}
