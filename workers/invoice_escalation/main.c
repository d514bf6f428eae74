/* ticklerd-invoice-escalation: the room that chases overdue invoices. */
#include "decide.h"
#include "ticklerd-invoice-escalation_sql.h"

int main(int argc, char **argv)
{
    static const char *const extra_steps[] = {"thank_you", NULL};
    static const struct room invoices = {
        .name = "invoice_escalation",
        .fetch = &sql_fetch,
        .decide = invoice_decide,
        .extra_steps = extra_steps,
    };
    return room_main(argc, argv, &invoices);
}
