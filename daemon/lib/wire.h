/*
 * wire.h: the frames between scheduler and workers, version 2. Pure: bytes in, a struct out, nothing else.
 *
 *   magic "TKL2" | kind u8 | fields, integers little-endian, texts as u16 length + bytes | nothing after the last
 *
 *   worker -> scheduler   HELLO  room, incarnation, pid u32, credit u16, ids of jobs in hand
 *                         DONE   incarnation, batch u64, ids whose verdict is recorded, ids handed back
 *                         BEAT   incarnation, progress u64 (jobs finished since start)
 *   scheduler -> worker   JOBS   term u64, batch u64, ids in order; how many of them each party has, u16: jobs of one
 *                                party stand together
 *                         DRAIN  (finish what is in hand, say DONE, exit)
 *                         WHO    (the scheduler does not know this worker: say HELLO)
 *
 * A frame is refused when its magic, kind, lengths or limits are wrong; a stranger's bytes never reach further.
 */
#pragma once

#include <glib.h>

#include "attr.h"

#define WIRE_JOBS_MAX 1000 /* ids in one frame */
#define WIRE_NAME_MAX 100  /* bytes in a room's name or an incarnation */

enum wire_kind { WIRE_HELLO = 1, WIRE_DONE, WIRE_BEAT, WIRE_JOBS, WIRE_DRAIN, WIRE_WHO };

struct wire_frame {
    enum wire_kind kind;
    char room[WIRE_NAME_MAX + 1];
    char incarnation[WIRE_NAME_MAX + 1];
    guint32 pid;
    guint16 credit;
    guint64 term, batch, progress;
    GArray *ids;     /* gint64; HELLO: in hand, DONE: recorded, JOBS: to do; NULL in other kinds */
    GArray *back;    /* gint64; DONE: handed back; NULL in other kinds */
    GArray *parties; /* guint16; JOBS: how many of the ids each party has; NULL in other kinds */
};

GBytes *wire_encode(const struct wire_frame *frame);

/* Fills *ret; free with wire_clear. FALSE for bytes that are no frame of version 2. */
MUST_CHECK gboolean wire_decode(GBytes *bytes, struct wire_frame *ret);
void wire_clear(struct wire_frame *frame);
