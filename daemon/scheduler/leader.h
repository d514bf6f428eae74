/*
 * leader.h: one scheduler at work, others standing by. A term is issued by the database and lasts five seconds of wall
 * clock; its holder renews it each second and trusts it one second less than it lasts. It is for efficiency and alarm:
 * the unique keys make two leaders harmless. Who was stopped and comes back after his term writes nothing more under it.
 */
#pragma once

#include "office.h"

/* Takes or renews the term: TRUE while we lead. On a lost database the term runs out by itself. */
gboolean leader_hold(struct office *office);

/* Whether the term can still be trusted; asks nobody. */
gboolean leader_is_sure(const struct office *office);

/* For a long transaction, in which nothing is renewed: the term lasts a minute from now. */
void leader_extend(struct office *office);

/* A db_guard: no transaction commits under a term that is over. `with` is the office. */
gboolean leader_guard(void *with, GError **error);

/* Gives the term back, so that a successor need not wait. */
void leader_leave(struct office *office);
