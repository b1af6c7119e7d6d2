/* SPDX-License-Identifier: Apache-2.0 */
/* Times for people: printing and parsing. */
#include "moment.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MICROSECONDS INT64_C(1000000)
#define DAY INT64_C(86400)

static bool is_local;

void moment_use_local(bool local)
{
    is_local = local;
    tzset();
}

/* ------------------------------------------------------------- printing */

/* Splits a time into calendar and microseconds.  False: it has none. */
static bool split(quipu_time time, struct tm *calendar, int *fraction)
{
    char ignored[QUIPU_TIME_TEXT_SIZE];
    int64_t seconds = time.microseconds / MICROSECONDS;

    *fraction = (int)(time.microseconds % MICROSECONDS);
    if (*fraction < 0) {
        *fraction += (int)MICROSECONDS;
        seconds--;
    }
    const time_t clock = (time_t)seconds;

    return quipu_time_format(time, ignored, NULL) == QUIPU_OK &&
           (is_local ? localtime_r(&clock, calendar)
                     : gmtime_r(&clock, calendar));
}

void moment_add(struct text *text, quipu_time time)
{
    struct tm calendar;
    int fraction = 0;
    char digits[32];

    if (!split(time, &calendar, &fraction)) {
        text_print(text, "%lld", (long long)time.microseconds);
        return;
    }
    strftime(digits, sizeof(digits), "%FT%T", &calendar);
    text_print(text, "%s.%06d", digits, fraction);
    if (!is_local) {
        text_print(text, "Z");
        return;
    }
    strftime(digits, sizeof(digits), "%z", &calendar);
    text_print(text, "%.3s:%s", digits, digits + 3);
}

void moment_add_brief(struct text *text, quipu_time time)
{
    struct tm calendar;
    int fraction = 0;
    char digits[32];

    if (!split(time, &calendar, &fraction)) {
        text_print(text, "%lld", (long long)time.microseconds);
        return;
    }
    strftime(digits, sizeof(digits), "%F %T", &calendar);
    text_print(text, "%s%s", digits, is_local ? "" : "Z");
}

/* -------------------------------------------------------------- parsing */

/* Reads a span such as "2h"; *span is in microseconds. */
static bool read_span(const char *text, int64_t *span)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = { { "s", 1 },    { "m", 60 },  { "min", 60 },
                  { "h", 3600 }, { "d", DAY }, { "w", 7 * DAY } };
    char *unit = NULL;
    const long number = strtol(text, &unit, 10);

    if (!isdigit((unsigned char)text[0]) || number > 1000000) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(unit, units[i].name) == 0) {
            *span = number * units[i].seconds * MICROSECONDS;
            return true;
        }
    }
    return false;
}

static bool read_fraction(const char **rest, int64_t *microseconds)
{
    int64_t unit = MICROSECONDS / 10;

    if (**rest != '.') {
        return true;
    }
    (*rest)++;
    if (!isdigit((unsigned char)**rest)) {
        return false;
    }
    for (; isdigit((unsigned char)**rest); (*rest)++, unit /= 10) {
        *microseconds += (**rest - '0') * unit;
    }
    return true;
}

/* Reads "Z", "+02:00" or nothing, which must be the end.  *zoned: there was a
 * zone, *east of Greenwich in seconds. */
static bool read_zone(const char *rest, bool *zoned, int64_t *east)
{
    const int sign = *rest == '-' ? -1 : 1;

    *zoned = *rest != '\0';
    if (!*zoned || strcmp(rest, "Z") == 0) {
        return true;
    }
    if ((*rest != '+' && *rest != '-') || strlen(rest) != 6 || rest[3] != ':' ||
        strspn(rest + 1, "0123456789:") != 5) {
        return false;
    }
    *east = sign * (strtol(rest + 1, NULL, 10) * 3600 +
                    strtol(rest + 4, NULL, 10) * 60);
    return true;
}

static bool read_calendar(const char *text, quipu_time *time)
{
    struct tm calendar = { .tm_isdst = -1 };
    const char *rest = strptime(text, "%Y-%m-%d", &calendar);
    int64_t microseconds = 0;
    int64_t east = 0;
    bool zoned = false;

    if (!rest) {
        return false;
    }
    if (*rest == 'T' || *rest == ' ') {
        const char *minutes = strptime(rest + 1, "%H:%M", &calendar);

        rest = minutes;
        if (rest && *rest == ':') {
            rest = strptime(rest, ":%S", &calendar);
        }
        if (!rest || !read_fraction(&rest, &microseconds)) {
            return false;
        }
    }
    if (!read_zone(rest, &zoned, &east)) {
        return false;
    }
    const int64_t seconds =
        zoned || !is_local ? timegm(&calendar) - east : mktime(&calendar);

    time->microseconds = seconds * MICROSECONDS + microseconds;
    return true;
}

/* Returns the beginning of the day that is `days` before today. */
static quipu_time midnight(int days)
{
    const time_t now = time(NULL);
    struct tm calendar;

    if (is_local) {
        localtime_r(&now, &calendar);
    } else {
        gmtime_r(&now, &calendar);
    }
    calendar.tm_hour = calendar.tm_min = calendar.tm_sec = 0;
    calendar.tm_mday -= days;
    calendar.tm_isdst = -1;
    const int64_t seconds = is_local ? mktime(&calendar) : timegm(&calendar);

    return (quipu_time){ seconds * MICROSECONDS };
}

int moment_parse(const char *text, const char *option, quipu_time *time,
                 quipu_error *error)
{
    int64_t span = 0;

    if (strcmp(text, "now") == 0 || read_span(text, &span)) {
        time->microseconds = quipu_time_now().microseconds - span;
        return QUIPU_OK;
    }
    if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0) {
        *time = midnight(text[0] == 't' ? 0 : 1);
        return QUIPU_OK;
    }
    return read_calendar(text, time)
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "--%s takes a time such as "
                                 "2026-12-01T09:30, today or 2h (two hours "
                                 "ago), not '%s'",
                                 option, text);
}
