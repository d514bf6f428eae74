/* decide.h: what a packet needs. Pure: the placements as fetched, the ladders and the date. */
#pragma once

#include "room.h"

/*
 * The common shape (party_take_steps), and beside it:
 *   a letter about what is still open gives way to any other letter about the same placement that day
 *   a step of the count-down (items_10, ...) makes one task for each open item of the job's `papers`
 *   a letter carries the documents of all the placements that it is about
 */
void packet_decide(struct party *party);
