/*
 * fuzz.h: what the targets share. Each target is one decoder: libFuzzer calls LLVMFuzzerTestOneInput with bytes of its
 * own making (tests/fuzz/run). A decoder may refuse them; it may not crash, leak, hang, or answer what its header rules
 * out: that is `must`.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the run like a crash: the input is kept. */
#define must(holds) ((holds) ? (void)0 : fuzz_broken(#holds, __FILE__, __LINE__))
G_NORETURN void fuzz_broken(const char *promise, const char *file, int line);

/* Text that a log, a page and the database take. */
gboolean fuzz_is_one_line(const char *text);

/* The path of a file in memory that holds these bytes until the next call. */
const char *fuzz_file(const uint8_t *bytes, size_t size);

/* The next connections of this process, to wherever, find a peer that says these bytes and then hangs up; what it is
 * told stays unread. fuzz_stream(NULL, 0) closes them. */
void fuzz_stream(const uint8_t *bytes, size_t size);
