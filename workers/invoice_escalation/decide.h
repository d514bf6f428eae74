/* decide.h: what an overdue invoice needs. Pure: the invoices as fetched, the ladder and the date. */
#pragma once

#include "room.h"

/*
 * Per party and currency:
 *   gone (paid, canceled, written off, a draft, too small)   moot, with the reason
 *   an unallocated credit of the party                       a task to allocate it, no letter until then
 *   letters to the facility      one, of the highest step; it lists every open invoice past due and carries the lower
 *                                steps with it; a courtesy note goes only when no such letter does
 *   letters to our own people    one for each step
 *   tasks                        one for each step
 */
void invoice_decide(struct party *party);
