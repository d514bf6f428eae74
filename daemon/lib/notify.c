/* sd_notify: the only file that knows libsystemd. */
#include "notify.h"

#include <systemd/sd-daemon.h>

void notify_systemd(const char *state)
{
    (void)sd_notify(0, state); /* 0 without a listener; a manager that is gone is not our trouble */
}

guint notify_watchdog_ms(void)
{
    uint64_t usec = 0;
    return sd_watchdog_enabled(0, &usec) > 0 ? (guint)(usec / 2000) : 0;
}
