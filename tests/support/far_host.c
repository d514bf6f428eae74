/* Preloaded: a process that believes to stand on another host ($FAR_HOST), so that ticklerd takes it for a remote one.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int gethostname(char *name, size_t length)
{
    const char *host = getenv("FAR_HOST");
    return host && (size_t)snprintf(name, length, "%s", host) < length ? 0 : -1;
}
