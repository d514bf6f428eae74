/*
 * parked.h: processes that the supervisor has given up, as tasks. The supervisor has no database: it leaves a file for
 * each in run/parked, which is taken away when every agency has its task.
 */
#pragma once

#include "office.h"

void parked_tick(struct office *office);
