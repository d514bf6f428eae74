/* ticklerd-payer-followup: the room that follows a therapist's panel applications through the payers. */
#include "decide.h"
#include "ticklerd-payer-followup_sql.h"

int main(int argc, char **argv)
{
    static const struct room payers = {
        .name = "payer_followup",
        .fetch = &sql_fetch,
        .decide = payer_decide,
    };
    return room_main(argc, argv, &payers);
}
