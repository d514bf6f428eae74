/* ticklerd-onboarding-packet: the room that brings a therapist's papers together before the start. */
#include "decide.h"
#include "ticklerd-onboarding-packet_sql.h"

int main(int argc, char **argv)
{
    static const struct room packets = {
        .name = "onboarding_packet",
        .fetch = &sql_fetch,
        .decide = packet_decide,
    };
    return room_main(argc, argv, &packets);
}
