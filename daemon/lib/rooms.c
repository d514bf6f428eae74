/* Looks a room up in the roster that the build made. */
#include "rooms.h"

#include <string.h>

const struct room_row *rooms_find(const char *name)
{
    for (gsize i = 0; i < rooms_count; i++)
        if (strcmp(rooms[i].name, name) == 0)
            return &rooms[i];
    return NULL;
}
