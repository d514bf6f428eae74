/* office.h: what the scheduler's parts share. main.c owns it. */
#pragma once

#include "bus.h"
#include "config.h"
#include "db.h"
#include "process.h"

struct office {
    struct process process;
    struct config *config;
    struct db *db;
    struct loop *loop;
    gint64 term; /* our term of leadership; 0: standing by */
    gboolean draining;
};
