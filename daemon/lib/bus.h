/*
 * bus.h: the event loop and the ZeroMQ sockets. The only file that knows CZMQ is bus.c.
 *
 * Sockets are ROUTER or DEALER over ipc:// with every limit set in one helper (high-water marks, LINGER 0, send
 * time-out, MANDATORY, MAXMSGSIZE). The bus loses nothing silently: bus_send says whether the frame was queued.
 */
#pragma once

#include <glib.h>

#include "attr.h"

struct loop;
struct loop *loop_new(void);
void loop_free(struct loop **loop);

typedef void loop_fn(struct loop *loop, void *with);

/* Calls `fn` when the descriptor is readable, until loop_unwatch. */
void loop_watch(struct loop *loop, int fd, loop_fn *fn, void *with);
void loop_unwatch(struct loop *loop, int fd);
/* Calls `fn` each `every_ms`; returns an id for loop_cancel. */
int loop_every(struct loop *loop, guint every_ms, loop_fn *fn, void *with);
/* Calls `fn` once. */
int loop_after(struct loop *loop, guint after_ms, loop_fn *fn, void *with);
void loop_cancel(struct loop *loop, int timer);
/* Signals arrive as an ordinary callback (signalfd): SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD. Block them first thing
 * in main with loop_block_signals, before any fork. */
void loop_block_signals(void);
typedef void loop_signal_fn(struct loop *loop, int signal, void *with);
void loop_signals(struct loop *loop, loop_signal_fn *fn, void *with);
/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

struct bus;
/* Binds a ROUTER at ipc://path (the folder must be ours alone, 0700; a stale socket is replaced). */
MUST_CHECK struct bus *bus_listen(const char *path, GError **error);
/* Connects a DEALER whose identity is `name`. Never fails for a peer that is not up yet: ZeroMQ keeps trying. */
MUST_CHECK struct bus *bus_connect(const char *path, const char *name, GError **error);
void bus_close(struct bus **bus);

/* Sends one frame; on a ROUTER `to` names the peer, on a DEALER it is NULL. FALSE when the peer is gone or its queue
 * is full. */
MUST_CHECK gboolean bus_send(struct bus *bus, const char *to, GBytes *frame);
/* Receives one frame without waiting; NULL when there is none. On a ROUTER *ret_from is the peer (g_free). Messages
 * of another shape (extra frames, names that are no printable text) are dropped and counted. */
GBytes *bus_receive(struct bus *bus, char **ret_from);
/* Waits for a frame up to `wait_ms`, for a client without a loop. */
GBytes *bus_receive_wait(struct bus *bus, int wait_ms);
guint64 bus_strangers(const struct bus *bus);
void loop_watch_bus(struct loop *loop, struct bus *bus, loop_fn *fn, void *with);
void loop_unwatch_bus(struct loop *loop, struct bus *bus);
