/*
 * Frames that nobody asked for, over ZeroMQ:   stranger_probe SOCKET COUNT SEED ROOM
 *
 * Random bytes, random bytes behind the right magic, frames of a real kind that were changed, cut or made longer, of
 * many parts, over the size limit; from a handful of names, some of them no text. Ends when all are with the other
 * side.
 */
#include <czmq.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define PEERS      16
#define BIG_EVERY  5000 /* over the limit: the other side closes the line */
#define BIG        (80 * 1024)
#define REDIAL     2000 /* a new line, so that those go on that were closed */
#define PATIENCE_S 60

struct stranger {
    GRand *rand;
    const char *at, *room;
    zsock_t *peers[PEERS];
};

static void dial(struct stranger *s, int i)
{
    zsock_destroy(&s->peers[i]);
    s->peers[i] = zsock_new(ZMQ_DEALER);
    guint8 name[24];
    int length = g_rand_int_range(s->rand, 1, (gint32)sizeof name);
    for (int k = 0; k < length; k++)
        name[k] = (guint8)(i % 2 ? g_rand_int_range(s->rand, 'a', 'z') : g_rand_int_range(s->rand, 1, 255));
    if (zmq_setsockopt(zsock_resolve(s->peers[i]), ZMQ_ROUTING_ID, name, (size_t)length) != 0)
        zsock_set_identity(s->peers[i], "nobody");
    zsock_set_linger(s->peers[i], 1000);
    zsock_set_sndtimeo(s->peers[i], PATIENCE_S * 1000);
    if (zsock_connect(s->peers[i], "ipc://%s", s->at) != 0)
        exit(2);
}

static GByteArray *noise(struct stranger *s, gsize length)
{
    GByteArray *bytes = g_byte_array_sized_new((guint)length);
    g_byte_array_set_size(bytes, (guint)length);
    for (gsize k = 0; k < length; k++)
        bytes->data[k] = (guint8)g_rand_int(s->rand);
    return bytes;
}

/* A frame of a worker or scheduler that is well-formed, with ids that nobody has. */
static GByteArray *real_frame(struct stranger *s)
{
    struct wire_frame frame = {.kind = (enum wire_kind)g_rand_int_range(s->rand, WIRE_HELLO, WIRE_WHO + 1),
                               .pid = g_rand_int(s->rand),
                               .credit = (guint16)g_rand_int_range(s->rand, 0, 3),
                               .batch = g_rand_int(s->rand),
                               .progress = g_rand_int(s->rand)};
    g_strlcpy(frame.room, s->room, sizeof frame.room);
    g_strlcpy(frame.incarnation, "elsewhere/1/2", sizeof frame.incarnation);
    frame.ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    frame.back = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (int n = g_rand_int_range(s->rand, 0, 20); n > 0; n--) {
        gint64 id = (gint64)g_rand_int(s->rand) << 31;
        g_array_append_val(n % 2 ? frame.ids : frame.back, id);
    }
    frame.parties = g_array_new(FALSE, FALSE, sizeof(guint16));
    if (frame.ids->len)
        g_array_append_vals(frame.parties, &(guint16){(guint16)frame.ids->len}, 1);
    g_autoptr(GBytes) bytes = wire_encode(&frame);
    wire_clear(&frame);
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    GByteArray *copy = g_byte_array_new();
    g_byte_array_append(copy, data, (guint)size);
    return copy;
}

static GByteArray *next_frame(struct stranger *s)
{
    GByteArray *bytes;
    switch (g_rand_int_range(s->rand, 0, 6)) {
    case 0:
        return noise(s, (gsize)g_rand_int_range(s->rand, 0, 300));
    case 1:
        bytes = noise(s, (gsize)g_rand_int_range(s->rand, 5, 200));
        memcpy(bytes->data, "TKL2", 4);
        bytes->data[4] = (guint8)g_rand_int_range(s->rand, 0, 9);
        return bytes;
    case 2:
        bytes = g_byte_array_new();
        g_byte_array_append(bytes, (const guint8 *)"{\"do\":\"stat\",\"beat\":-1}", 23);
        bytes->data[g_rand_int_range(s->rand, 0, 23)] = (guint8)g_rand_int(s->rand);
        return bytes;
    case 3:
        bytes = real_frame(s);
        g_byte_array_set_size(bytes, (guint)g_rand_int_range(s->rand, 0, (gint32)bytes->len));
        return bytes;
    case 4:
        bytes = real_frame(s);
        bytes->data[g_rand_int_range(s->rand, 0, (gint32)bytes->len)] ^= (guint8)g_rand_int_range(s->rand, 1, 256);
        return bytes;
    default:
        return real_frame(s);
    }
}

static gboolean send_one(struct stranger *s, int number)
{
    int i = g_rand_int_range(s->rand, 0, PEERS);
    if (number % REDIAL == 0)
        dial(s, (number / REDIAL) % PEERS);
    g_autoptr(GByteArray) bytes = number % BIG_EVERY ? next_frame(s) : noise(s, BIG);
    gboolean more = g_rand_int_range(s->rand, 0, 20) == 0;
    void *peer = zsock_resolve(s->peers[i]);
    if (more && zmq_send(peer, "part", 4, ZMQ_SNDMORE) < 0)
        return FALSE;
    return zmq_send(peer, bytes->data, bytes->len, 0) >= 0;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    zsys_handler_set(NULL);
    struct stranger s = {.rand = g_rand_new_with_seed((guint32)atoi(argv[3])), .at = argv[1], .room = argv[4]};
    int count = atoi(argv[2]);
    for (int i = 0; i < PEERS; i++)
        dial(&s, i);
    for (int number = 1; number <= count; number++)
        if (!send_one(&s, number)) {
            fprintf(stderr, "frame %d: %s\n", number, zmq_strerror(zmq_errno()));
            return 1;
        }
    for (int i = 0; i < PEERS; i++)
        zsock_destroy(&s.peers[i]);
    g_rand_free(s.rand);
    return 0;
}
