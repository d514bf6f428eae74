/* decide.h: what a placement's check-ins need. Pure: the placements and answers as fetched, the ladder and the date. */
#pragma once

#include "room.h"

/*
 * The common shape of a room (room.h), and beside it:
 *   moved         a start that was moved: the old round is superseded, with the reason
 *   a day off     letters and calls wait for the next business day; a concern does not
 *   a letter      knows whether any of its placements is asked about the first month, and the second
 *   a concern     is a matter of its own for each answer: two bad answers are two tasks
 */
void check_in_decide(struct party *party);
