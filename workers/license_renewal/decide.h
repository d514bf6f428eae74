/* decide.h: what a license on a rung needs. Pure: the licenses as fetched, the ladder and the date. */
#pragma once

#include "room.h"

/*
 * Tracks, by the dates they are anchored on (sql/due.sql):
 *   main                  the nearest unmet of CE-by, apply-by and expiry: reminders, and tasks for our people
 *   ce                    CE-by, while CE is short
 *   final                 the expiry, where an earlier date has used up the main ladder
 *   expired, expired_lead the day it ran out: off the schedule, and leadership
 *   watch                 the day the renewal was filed: has the board decided?
 *   watch_expiry, watch_lead  the old expiry of one that is filed and not decided
 *   renewed               the day it was renewed, while the new expiry is not on record
 *   rules                 the day from which a rule of the pack should be read again
 *
 * Per therapist: one letter for all licenses, in which each stands once. What the record has overtaken is moot.
 */
void license_decide(struct party *party);
