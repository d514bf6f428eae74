/*
 * Cron text becomes one or two RRULEs of days (day of month OR day of week needs two), and the times of each day. Both
 * are walked in local time and turned into instants under zone.h's policy. Wildcards follow the same policy: each local
 * minute fires once.
 */
#include "cron.h"

#include <string.h>

#include "recur.h"

#define DAY_SECONDS 86400

enum { MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, FIELDS };

struct cron {
    char *rules[2]; /* of days */
    int count;
    guint64 minutes, hours; /* bits */
};

static const char *const month_names[] = {"january", "february",  "march",   "april",    "may",      "june", "july",
                                          "august",  "september", "october", "november", "december", NULL};
static const char *const day_names[] = {"sunday",   "monday", "tuesday",  "wednesday",
                                        "thursday", "friday", "saturday", NULL};

static const struct field {
    const char *name;
    int min, max;
    const char *const *names;
} fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY_OF_MONTH] = {"day of month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12, month_names},
    [DAY_OF_WEEK] = {"day of week", 0, 7, day_names}, /* 7 is Sunday too */
};

static const struct {
    const char *word, *text;
} macros[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

static gboolean refuse(GError **error, const struct field *field, const char *text)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "the %s '%s' is not allowed; allowed are %d to %d%s, lists "
                "(1,2), ranges (1-5) and steps (*/5)",
                field->name, text, field->min, field->max, field->names ? ", names" : "");
    return FALSE;
}

/* A number or a name at *at; moves past it. -1 when there is none. */
static int take_value(const struct field *field, const char **at)
{
    for (int i = 0; field->names && field->names[i]; i++) {
        gsize whole = strlen(field->names[i]);
        if (g_ascii_strncasecmp(*at, field->names[i], 3) != 0)
            continue;
        *at += g_ascii_strncasecmp(*at, field->names[i], whole) == 0 ? whole : 3;
        return i + field->min;
    }
    if (!g_ascii_isdigit(**at))
        return -1;
    int value = 0;
    for (int digits = 0; g_ascii_isdigit(**at) && digits < 4; digits++)
        value = value * 10 + *(*at)++ - '0';
    return value >= field->min && value <= field->max ? value : -1;
}

/* One part of a list: "*", "5", "1-5", each with an optional step. Sets bits. */
static gboolean take_part(const struct field *field, const char *part, guint64 *bits)
{
    int first = field->min, last = field->max, step = 1;
    if (*part == '*') {
        part++;
        last = field == &fields[DAY_OF_WEEK] ? 6 : last;
    } else {
        first = last = take_value(field, &part);
        if (*part == '-') {
            part++;
            last = take_value(field, &part);
        } else if (*part == '/') {
            last = field->max;
        }
    }
    if (first < 0 || last < first)
        return FALSE;
    if (*part == '/') {
        if (!g_ascii_isdigit(part[1]))
            return FALSE;
        char *end;
        guint64 given = g_ascii_strtoull(part + 1, &end, 10);
        part = end;
        if (given < 1 || given > (guint64)field->max)
            return FALSE;
        step = (int)given;
    }
    for (int value = first; value <= last; value += step)
        *bits |= G_GUINT64_CONSTANT(1) << value;
    return *part == '\0';
}

static gboolean take_field(const struct field *field, const char *text, guint64 *bits, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (char **part = parts; *part; part++)
        if (!take_part(field, *part, bits))
            return refuse(error, field, text);
    if (field == &fields[DAY_OF_WEEK] && *bits >> 7 & 1)
        *bits = (*bits | 1) & 0x7f;
    return TRUE;
}

static void add_list(GString *rule, const char *key, guint64 bits)
{
    g_string_append_printf(rule, ";%s=", key);
    for (int value = 0; value < 64; value++)
        if (bits >> value & 1)
            g_string_append_printf(rule, "%d,", value);
    g_string_truncate(rule, rule->len - 1);
}

static char *rule_of(const guint64 bits[FIELDS], gboolean by_date, gboolean by_weekday)
{
    static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    GString *rule = g_string_new("FREQ=DAILY");
    add_list(rule, "BYMONTH", bits[MONTH]);
    if (by_date)
        add_list(rule, "BYMONTHDAY", bits[DAY_OF_MONTH]);
    if (by_weekday) {
        g_string_append(rule, ";BYDAY=");
        for (int weekday = 0; weekday < 7; weekday++)
            if (bits[DAY_OF_WEEK] >> weekday & 1)
                g_string_append_printf(rule, "%s,", weekdays[weekday]);
        g_string_truncate(rule, rule->len - 1);
    }
    return g_string_free(rule, FALSE);
}

/* Whether the month and day of month can ever meet: no 30 February, no 31 April. */
static gboolean can_match(const guint64 bits[FIELDS])
{
    static const int longest[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; month++)
        if (bits[MONTH] >> month & 1 && bits[DAY_OF_MONTH] & ((G_GUINT64_CONSTANT(2) << longest[month]) - 1))
            return TRUE;
    return FALSE;
}

static const char *expand(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(macros); i++)
        if (g_ascii_strcasecmp(text, macros[i].word) == 0)
            return macros[i].text;
    return text;
}

struct cron *cron_parse(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(expand(text), " \t", -1);
    const char *given[FIELDS];
    int n = 0;
    for (char **word = words; *word; word++)
        if (**word && n++ < FIELDS)
            given[n - 1] = *word;
    if (n != FIELDS) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "'%s' has %d fields; cron text has five: minute, hour, "
                    "day of month, month, day of week",
                    text, n);
        return NULL;
    }
    guint64 bits[FIELDS] = {0};
    for (int i = 0; i < FIELDS; i++)
        if (!take_field(&fields[i], given[i], &bits[i], error))
            return NULL;
    /* Vixie cron: a day field that begins with * does not restrict; two restricted ones mean either. */
    gboolean date_open = given[DAY_OF_MONTH][0] == '*', weekday_open = given[DAY_OF_WEEK][0] == '*';
    gboolean either = !date_open && !weekday_open;
    if (!can_match(bits) && !either) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s' can never match: no such day in that month", text);
        return NULL;
    }
    struct cron *cron = g_new0(struct cron, 1);
    cron->minutes = bits[MINUTE];
    cron->hours = bits[HOUR];
    if (!either)
        cron->rules[cron->count++] = rule_of(bits, TRUE, TRUE);
    if (either && can_match(bits))
        cron->rules[cron->count++] = rule_of(bits, TRUE, FALSE);
    if (either)
        cron->rules[cron->count++] = rule_of(bits, FALSE, TRUE);
    return cron;
}

void cron_free(struct cron *cron)
{
    if (!cron)
        return;
    g_free(cron->rules[0]);
    g_free(cron->rules[1]);
    g_free(cron);
}

/* The first of a day's times that lies behind `after`; G_MAXINT64: none. */
static instant next_of_day(const struct cron *cron, const struct zone *zone, gint64 midnight, instant after)
{
    for (int hour = 0; hour < 24; hour++)
        for (int minute = 0; cron->hours >> hour & 1 && minute < 60; minute++) {
            if (!(cron->minutes >> minute & 1))
                continue;
            instant at = zone_to_instant(zone, midnight + hour * 3600 + minute * 60);
            if (at > after)
                return at;
        }
    return G_MAXINT64;
}

static instant next_of_rule(const struct cron *cron, const char *rule, const struct zone *zone, instant after)
{
    gint64 from = (gint64)(zone_day(zone, after) - 1) * DAY_SECONDS; /* a day early: clock changes move minutes */
    struct recur *recur = recur_new(rule, from, NULL);
    instant found = G_MAXINT64;
    for (gint64 midnight; recur && found == G_MAXINT64 && (midnight = recur_next(recur)) != G_MAXINT64;)
        found = next_of_day(cron, zone, midnight, after);
    recur_free(recur);
    return found;
}

instant cron_next(const struct cron *cron, const struct zone *zone, instant after)
{
    instant first = G_MAXINT64;
    for (int i = 0; i < cron->count; i++)
        first = MIN(first, next_of_rule(cron, cron->rules[i], zone, after));
    return first;
}
