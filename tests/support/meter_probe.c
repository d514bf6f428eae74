/* meter_probe SOCKET|none SHARE COUNT PER_S BURST TAKES STEP_US: takes tokens at a clock of its own and prints how many
 * it got: what tests/integration/test_meter.py drives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

int main(int argc, char **argv)
{
    if (argc != 8)
        return 2;
    struct meter *meter = meter_open(strcmp(argv[1], "none") == 0 ? NULL : argv[1], (int)strtol(argv[2], NULL, 10));
    const struct meter_rate rates[] = {{.key = "a",
                                        .count = (int)strtol(argv[3], NULL, 10),
                                        .per_s = (int)strtol(argv[4], NULL, 10),
                                        .burst = (int)strtol(argv[5], NULL, 10)},
                                       {.key = "b", .count = 1000000, .per_s = 1, .burst = 1000000}};
    instant now = SECONDS(1800000000);
    long granted = 0, local = 0;
    for (long n = strtol(argv[6], NULL, 10); n > 0; n--, now += strtol(argv[7], NULL, 10)) {
        granted += meter_take(meter, rates, ARRAY_LEN(rates), now) == 0;
        local += meter_is_local(meter);
    }
    printf("%ld %ld\n", granted, local);
    meter_close(&meter);
    return 0;
}
