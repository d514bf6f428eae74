/* ticklerd-check-in: the room that asks therapist and facility how a placement goes, a month and two after its start.
 */
#include "decide.h"
#include "ticklerd-check-in_sql.h"

int main(int argc, char **argv)
{
    static const char *const extra_steps[] = {"moved", NULL};
    static const struct room check_in = {
        .name = "check_in",
        .fetch = &sql_fetch,
        .decide = check_in_decide,
        .extra_steps = extra_steps,
    };
    return room_main(argc, argv, &check_in);
}
