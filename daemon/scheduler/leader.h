/*
 * leader.h: one scheduler at work, others standing by. A term is issued by the database and lasts five seconds of wall
 * clock; its holder renews it each second and trusts it one second less than it lasts. For efficiency and alarm only:
 * the unique keys make two leaders harmless.
 */
#pragma once

#include "office.h"

/* Takes or renews the term: TRUE while we lead. On a lost database the term runs out by itself. */
gboolean leader_hold(struct office *office);

/* Gives the term back, so that a successor need not wait. */
void leader_leave(struct office *office);
