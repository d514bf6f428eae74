/*
 * The plan of a failing call, shared through a mapped file between a test and the programs that it starts with
 * LD_PRELOAD: the test writes which call of which program fails, the programs count and write down what they did. The
 * test's side is failing_calls.py; the layout is known to both.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct failing_plan {
    char program[32]; /* its name, or "*" */
    char class[16];   /* of calls: pq zmq curl redis open write fsync rename fork malloc */
    char manner[16];  /* how it fails, where a class has more than one way */
    int64_t nth;      /* from 1; 0: nothing is armed */
    int64_t forever;  /* also every call after the nth */
    int64_t seen, failed;
    char where[64]; /* the last call that failed: its name and the place in the program */
};

/* Whose calls count: those of the program itself and of the libraries that stand between it and the class. */
enum callers { CALLERS_PROGRAM = 0, CALLERS_GLIB = 1, CALLERS_CZMQ = 2, CALLERS_CXX = 4 };

/* Is this the call that fails? Counts it. `caller` is the wrapper's return address. */
bool failing(const char *class, const char *name, const void *caller, int callers);
bool failing_manner(const char *manner);
