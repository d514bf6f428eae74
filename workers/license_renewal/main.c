/* ticklerd-license-renewal: the room that sees licenses through their renewal. */
#include "decide.h"
#include "ticklerd-license-renewal_sql.h"

int main(int argc, char **argv)
{
    static const struct room licenses = {.name = "license_renewal", .fetch = &sql_fetch, .decide = license_decide};
    return room_main(argc, argv, &licenses);
}
