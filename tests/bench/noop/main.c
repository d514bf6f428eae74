/* The no-op room of the benchmark: every job is done at once, with neither letter nor task. Built only with
 * TICKLER_BENCH. A job that comes alone notes when its handler began, which is how long it took to be picked up. */
#include "room.h"
#include "ticklerd-noop_sql.h"

static void decide(struct party *party)
{
    for (guint i = 0; i < party->jobs->len; i++) {
        struct job *job = party->jobs->pdata[i];
        if (job->verdict != VERDICT_NONE)
            continue;
        job->verdict = VERDICT_DONE;
        if (party->jobs->len == 1)
            job_say(job, VERDICT_DONE, "%" G_GINT64_FORMAT, g_get_real_time());
    }
}

int main(int argc, char **argv)
{
    static const struct room noop = {.name = "noop", .fetch = &sql_fetch, .decide = decide};
    return room_main(argc, argv, &noop);
}
