/*
 * bounces.h: the Maildir into which the mail system puts what comes back. Permanent refusals of our own letters
 * suppress the address and become tasks; what no machine should decide is set aside for people.
 */
#pragma once

#include "office.h"

/* Looks into the Maildir when it is time: each mail is recorded once, then moved from new/ to cur/ (flagged, `:2,F`,
 * where a person should read it). Trouble with one mail is logged and does not stop the others. */
void bounces_tick(struct office *office);
