/* malloc, calloc and realloc that run out: those of our program, of GLib and of the C++ library. For programs without a
 * sanitizer, which has an allocator of its own. */
#include <errno.h>
#include <stddef.h>

#include "failing_plan.h"

#define MEMORY (CALLERS_GLIB | CALLERS_CXX)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return failing("malloc", "malloc", __builtin_return_address(0), MEMORY) ? none() : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return failing("malloc", "calloc", __builtin_return_address(0), MEMORY) ? none() : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return failing("malloc", "realloc", __builtin_return_address(0), MEMORY) ? none() : __libc_realloc(old, size);
}
