/* decide.h: what a panel application needs. Pure: the subjects as fetched, the ladder and the date. */
#pragma once

#include "room.h"

/*
 * As every room (party_take_steps), and:
 *   a step with a letter and a task     the letter when the reader has a usable address, else the task
 *   one open task a matter              the follow-ups of one application are one matter, whichever step asks; so are
 *                                       the steps of every other track, but each escalation is its own reader's
 *
 * fetch.sql gives beside the standard columns: reachable (the party's address is usable), payer (of a gap).
 */
void payer_decide(struct party *party);
