/*
 * Preloaded: names below .invalid resolve as the file $TICKLER_NAMES says: `again` (a temporary failure), `unknown`
 * (there is no such name), or an address.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int look_up(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret);

static int is_ours(const char *node)
{
    static const char below[] = ".invalid";
    size_t length = node ? strlen(node) : 0;
    return length >= sizeof below && strcmp(node + length - (sizeof below - 1), below) == 0;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    char answer[64] = "unknown";
    look_up *real = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *path = getenv("TICKLER_NAMES");
    FILE *file = path && is_ours(node) ? fopen(path, "re") : NULL;
    if (!is_ours(node))
        return real(node, service, hints, ret);
    if (file) {
        if (fscanf(file, "%63s", answer) != 1)
            strcpy(answer, "unknown");
        fclose(file);
    }
    if (strcmp(answer, "again") == 0)
        return EAI_AGAIN;
    if (strcmp(answer, "unknown") == 0)
        return EAI_NONAME;
    return real(answer, service, hints, ret);
}
