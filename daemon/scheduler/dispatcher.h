/*
 * dispatcher.h: ready jobs to workers. Leases live here, in memory: claiming writes nothing, and what a dead worker had
 * in hand is offered again at once. All ready jobs of one party travel in one message; agencies take turns.
 */
#pragma once

#include "office.h"

/* Binds a queue for each room. */
MUST_CHECK gboolean dispatcher_open(struct office *office, GError **error);

/* Offers ready jobs to workers that have room for them. */
MUST_CHECK gboolean dispatcher_offer(struct office *office, GError **error);

/* Somebody has said that there is something new. */
void dispatcher_look_again(void);

/* Jobs that some worker has in hand. */
guint dispatcher_in_flight(void);

/* The earliest time at which a waiting job becomes ready: not after now when one is; G_MAXINT64 when none waits. */
MUST_CHECK gboolean dispatcher_next_ready(struct office *office, instant *ret, GError **error);

/* No more jobs; workers finish and leave. */
void dispatcher_drain(struct office *office);

/* Closes the queues, at the end of main. */
void dispatcher_close(void);
