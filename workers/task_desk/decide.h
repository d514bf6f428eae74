/* decide.h: what the VA desk does. Pure. */
#pragma once

#include "room.h"

/* A digest letter for each person; an aged task becomes a task for the next person up, with the old one named. */
void desk_decide(struct party *party);
