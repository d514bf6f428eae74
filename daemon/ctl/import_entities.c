/* The entities as a table. */
#include "import_entities.h"

#include "tickler_sql.h"

static const char *const staff_roles[] = {"va", "va_lead", "recruiter", "account_manager", "leadership", NULL};
static const char *const facility_types[] = {"cmhc",   "inpatient_psychiatric", "php",        "iop",
                                             "school", "correctional",          "telehealth", NULL};
static const char *const contact_roles[] = {"billing", "clinical_director", "hr", "compliance", NULL};
static const char *const invoice_states[] = {"draft", "sent", "canceled", "written_off", NULL};
static const char *const payment_kinds[] = {"payment", "refund", "credit_note", "chargeback", "reversal", NULL};
static const char *const hold_kinds[] = {"dispute", "promise_to_pay", "pause", "do_not_contact", NULL};
static const char *const hold_abouts[] = {"invoice", "facility", NULL};

static const struct column agencies[] = {{"agency", CELL_ID, TRUE, NULL},
                                         {"name", CELL_TEXT, TRUE, NULL},
                                         {"timezone", CELL_ZONE, TRUE, NULL},
                                         {"reply_to", CELL_ADDRESS, FALSE, NULL},
                                         {"postal_address", CELL_TEXT, FALSE, NULL},
                                         {0}};
static const struct column staff[] = {
    {"staff", CELL_ID, TRUE, NULL},         {"name", CELL_TEXT, TRUE, NULL},       {"email", CELL_ADDRESS, TRUE, NULL},
    {"role", CELL_WORD, TRUE, staff_roles}, {"timezone", CELL_ZONE, FALSE, NULL},  {"skills", CELL_TEXT, FALSE, NULL},
    {"out_from", CELL_DATE, FALSE, NULL},   {"out_until", CELL_DATE, FALSE, NULL}, {0}};
static const struct column facilities[] = {
    {"facility", CELL_ID, TRUE, NULL},         {"name", CELL_TEXT, TRUE, NULL},
    {"type", CELL_WORD, TRUE, facility_types}, {"timezone", CELL_ZONE, FALSE, NULL},
    {"terms_days", CELL_COUNT, FALSE, NULL},   {"account_manager", CELL_ID, FALSE, NULL},
    {"parent", CELL_ID, FALSE, NULL},          {0}};
static const struct column contacts[] = {{"contact", CELL_ID, TRUE, NULL},
                                         {"facility", CELL_ID, TRUE, NULL},
                                         {"name", CELL_TEXT, TRUE, NULL},
                                         {"email", CELL_ADDRESS, FALSE, NULL},
                                         {"phone", CELL_TEXT, FALSE, NULL},
                                         {"role", CELL_WORD, TRUE, contact_roles},
                                         {0}};
static const struct column invoices[] = {{"invoice", CELL_ID, TRUE, NULL},
                                         {"facility", CELL_ID, TRUE, NULL},
                                         {"issued_on", CELL_DATE, TRUE, NULL},
                                         {"due_on", CELL_DATE, TRUE, NULL},
                                         {"amount", CELL_AMOUNT, TRUE, NULL},
                                         {"currency", CELL_CURRENCY, FALSE, NULL},
                                         {"status", CELL_WORD, FALSE, invoice_states},
                                         {"status_on", CELL_DATE, FALSE, NULL},
                                         {0}};
static const struct column payments[] = {
    {"payment", CELL_ID, TRUE, NULL},          {"invoice", CELL_ID, FALSE, NULL},
    {"facility", CELL_ID, TRUE, NULL},         {"received_on", CELL_DATE, TRUE, NULL},
    {"amount", CELL_AMOUNT, TRUE, NULL},       {"currency", CELL_CURRENCY, FALSE, NULL},
    {"kind", CELL_WORD, FALSE, payment_kinds}, {0}};
static const struct column holds[] = {{"hold", CELL_ID, TRUE, NULL},        {"about", CELL_WORD, TRUE, hold_abouts},
                                      {"id", CELL_ID, TRUE, NULL},          {"kind", CELL_WORD, TRUE, hold_kinds},
                                      {"from_on", CELL_DATE, TRUE, NULL},   {"until_on", CELL_DATE, FALSE, NULL},
                                      {"amount", CELL_AMOUNT, FALSE, NULL}, {"reason", CELL_TEXT, TRUE, NULL},
                                      {"by", CELL_TEXT, FALSE, NULL},       {0}};

const struct entity entities[] = {
    {"agencies", agencies, NULL, &sql_import_agencies, NULL},
    {"staff", staff, &sql_import_staff_check, &sql_import_staff, NULL},
    {"facilities", facilities, &sql_import_facilities_check, &sql_import_facilities, &sql_import_facilities_parents},
    {"contacts", contacts, &sql_import_contacts_check, &sql_import_contacts, NULL},
    {"invoices", invoices, &sql_import_invoices_check, &sql_import_invoices, NULL},
    {"payments", payments, &sql_import_payments_check, &sql_import_payments, NULL},
    {"holds", holds, &sql_import_holds_check, &sql_import_holds, NULL},
    {0},
};
