/* The entities as a table. */
#include "import_entities.h"

#include "rules.h"
#include "tickler_sql.h"

static const char *const staff_roles[] = {"va", "va_lead", "recruiter", "account_manager", "leadership", NULL};
static const char *const contact_roles[] = {"billing", "clinical_director", "hr", "compliance", NULL};
static const char *const invoice_states[] = {"draft", "sent", "canceled", "written_off", NULL};
static const char *const payment_kinds[] = {"payment", "refund", "credit_note", "chargeback", "reversal", NULL};
static const char *const hold_kinds[] = {"dispute", "promise_to_pay", "pause", "do_not_contact", NULL};
static const char *const hold_abouts[] = {"invoice",     "facility",  "placement", "license",
                                          "application", "therapist", NULL};
static const char *const license_statuses[] = {"active", "renewal_submitted", "renewed", "lapsed", "surrendered", NULL};
static const char *const placement_states[] = {"offer", "active", "ended", "canceled", NULL};
static const char *const application_states[] = {"draft",    "submitted", "in_review", "info_requested",
                                                 "approved", "denied",    "withdrawn", NULL};
static const char *const item_states[] = {"open", "sent", "received", "confirmed", "waived", NULL};
static const char *const response_abouts[] = {"placement", "license", "application", "invoice", NULL};
static const char *const truths[] = {"true", "false", NULL};

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
static const struct column facilities[] = {{"facility", CELL_ID, TRUE, NULL},
                                           {"name", CELL_TEXT, TRUE, NULL},
                                           {"type", CELL_WORD, TRUE, facility_types},
                                           {"timezone", CELL_ZONE, FALSE, NULL},
                                           {"terms_days", CELL_COUNT, FALSE, NULL},
                                           {"account_manager", CELL_ID, FALSE, NULL},
                                           {"parent", CELL_ID, FALSE, NULL},
                                           {"state", CELL_WORD, FALSE, license_states},
                                           {0}};
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

static const struct column therapists[] = {{"therapist", CELL_ID, TRUE, NULL},
                                           {"name", CELL_TEXT, TRUE, NULL},
                                           {"email", CELL_ADDRESS, FALSE, NULL},
                                           {"phone", CELL_TEXT, FALSE, NULL},
                                           {"timezone", CELL_ZONE, FALSE, NULL},
                                           {"recruiter", CELL_ID, FALSE, NULL},
                                           {"caqh_attested_on", CELL_DATE, FALSE, NULL},
                                           {"insurance_expires_on", CELL_DATE, FALSE, NULL},
                                           {0}};
static const struct column licenses[] = {{"license", CELL_ID, TRUE, NULL},
                                         {"therapist", CELL_ID, TRUE, NULL},
                                         {"state", CELL_WORD, TRUE, license_states},
                                         {"type", CELL_WORD, TRUE, license_types},
                                         {"number", CELL_TEXT, FALSE, NULL},
                                         {"issued_on", CELL_DATE, FALSE, NULL},
                                         {"expires_on", CELL_DATE, TRUE, NULL},
                                         {"status", CELL_WORD, FALSE, license_statuses},
                                         {"status_on", CELL_DATE, FALSE, NULL},
                                         {"depends_on", CELL_ID, FALSE, NULL},
                                         {"ce_by", CELL_DATE, FALSE, NULL},
                                         {"apply_by", CELL_DATE, FALSE, NULL},
                                         {"renewal_opens", CELL_DATE, FALSE, NULL},
                                         {"first_renewal", CELL_WORD, FALSE, truths},
                                         {0}};
static const struct column ce_records[] = {{"ce", CELL_ID, TRUE, NULL},
                                           {"license", CELL_ID, TRUE, NULL},
                                           {"completed_on", CELL_DATE, TRUE, NULL},
                                           {"hours", CELL_HOURS, TRUE, NULL},
                                           {"category", CELL_ID, FALSE, NULL},
                                           {"title", CELL_TEXT, FALSE, NULL},
                                           {0}};
static const struct column payers[] = {{"payer", CELL_ID, TRUE, NULL},         {"name", CELL_TEXT, TRUE, NULL},
                                       {"email", CELL_ADDRESS, FALSE, NULL},   {"phone", CELL_TEXT, FALSE, NULL},
                                       {"portal_url", CELL_TEXT, FALSE, NULL}, {0}};
static const struct column placements[] = {{"placement", CELL_ID, TRUE, NULL},
                                           {"therapist", CELL_ID, TRUE, NULL},
                                           {"facility", CELL_ID, TRUE, NULL},
                                           {"license", CELL_ID, FALSE, NULL},
                                           {"offer_signed_on", CELL_DATE, FALSE, NULL},
                                           {"start_on", CELL_DATE, FALSE, NULL},
                                           {"end_on", CELL_DATE, FALSE, NULL},
                                           {"status", CELL_WORD, TRUE, placement_states},
                                           {"insurance_billing", CELL_WORD, FALSE, truths},
                                           {"payers", CELL_TEXT, FALSE, NULL},
                                           {0}};
static const struct column panel_applications[] = {{"application", CELL_ID, TRUE, NULL},
                                                   {"therapist", CELL_ID, TRUE, NULL},
                                                   {"payer", CELL_ID, TRUE, NULL},
                                                   {"placement", CELL_ID, FALSE, NULL},
                                                   {"submitted_on", CELL_DATE, FALSE, NULL},
                                                   {"status", CELL_WORD, TRUE, application_states},
                                                   {"status_on", CELL_DATE, FALSE, NULL},
                                                   {"effective_on", CELL_DATE, FALSE, NULL},
                                                   {"revalidate_on", CELL_DATE, FALSE, NULL},
                                                   {"reference", CELL_TEXT, FALSE, NULL},
                                                   {0}};
static const struct column packet_items[] = {
    {"placement", CELL_ID, TRUE, NULL},    {"item", CELL_ID, TRUE, NULL},    {"status", CELL_WORD, TRUE, item_states},
    {"status_on", CELL_DATE, FALSE, NULL}, {"note", CELL_TEXT, FALSE, NULL}, {0}};
static const struct column responses[] = {{"response", CELL_ID, TRUE, NULL},
                                          {"about", CELL_WORD, TRUE, response_abouts},
                                          {"id", CELL_ID, TRUE, NULL},
                                          {"by", CELL_ID, TRUE, NULL},
                                          {"received_on", CELL_DATE, TRUE, NULL},
                                          {"score", CELL_COUNT, FALSE, NULL},
                                          {"answers", CELL_TEXT, FALSE, NULL},
                                          {0}};

/* A row: its columns, then import_NAME_check.sql and import_NAME.sql. */
#define CHECKED(entity, of_table)                                                                                      \
    .name = #entity, .table = of_table, .columns = entity, .check = &sql_import_##entity##_check,                      \
    .apply = &sql_import_##entity
#define UNCHECKED(entity, of_table) .name = #entity, .table = of_table, .columns = entity, .apply = &sql_import_##entity

const struct entity entities[] = {
    {UNCHECKED(agencies, "agency")},
    {CHECKED(staff, "staff")},
    {CHECKED(facilities, "facility"), .after = &sql_import_facilities_parents},
    {CHECKED(contacts, "contact")},
    {CHECKED(therapists, "therapist")},
    {CHECKED(licenses, "license"), .after = &sql_import_licenses_parents},
    {CHECKED(ce_records, "ce_record")},
    {UNCHECKED(payers, "payer")},
    {CHECKED(placements, "placement"), .after = &sql_import_placements_payers},
    {CHECKED(panel_applications, "panel_application")},
    {CHECKED(packet_items, "packet_item"), .rules = "packets", .is_pair = TRUE},
    {CHECKED(invoices, "invoice")},
    {CHECKED(payments, "payment")},
    {CHECKED(responses, "response")},
    {CHECKED(holds, "hold")},
    {0},
};
#undef CHECKED
#undef UNCHECKED
