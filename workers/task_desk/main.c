/* ticklerd-task-desk: the VA desk: morning digests, and tasks that age climb. */
#include "decide.h"
#include "ticklerd-task-desk_sql.h"

int main(int argc, char **argv)
{
    static const char *const extra_steps[] = {"webhook_created", "webhook_closed", NULL};
    static const struct room desk = {.name = "task_desk",
                                     .fetch = &sql_fetch,
                                     .decide = desk_decide,
                                     .extra_steps = extra_steps};
    return room_main(argc, argv, &desk);
}
